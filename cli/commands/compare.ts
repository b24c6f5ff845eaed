import { z } from 'zod';
import { UsageError } from '../../engine/base/errors.ts';
import { writeFileAtomic } from '../../engine/base/files.ts';
import { comparisonCsv } from '../../reports/compare/comparison-csv.ts';
import { comparisonMarkdown } from '../../reports/compare/comparison-markdown.ts';
import { renderComparison } from '../../reports/compare/comparison-page.ts';
import { compareHosts, type CompareOptions } from '../../tuner/compare/compare-hosts.ts';
import type { HostComparison } from '../../tuner/compare/comparison.ts';
import { UNLIKE, type Unlike } from '../../tuner/compare/likeness.ts';
import { readPrices } from '../../tuner/compare/prices-file.ts';
import { openSources, parseAddress, type RunAddress } from '../compare-sources.ts';
import { summarizeComparison } from '../compare-summary.ts';
import { EXIT } from '../exit-codes.ts';
import { constraintOptionsSchema, parseConstraints, storeOptionsSchema } from '../option-values.ts';

const optionsSchema = storeOptionsSchema.extend(constraintOptionsSchema.shape).extend({
  output: z.string(),
  prices: z.string().optional(),
  markdown: z.string().optional(),
  csv: z.string().optional(),
  allow: z.array(z.string()).default([]),
});
type Options = z.infer<typeof optionsSchema>;

/** `claw compare RUN...`. */
export async function compare(runs: readonly string[], rawOptions: unknown): Promise<number> {
  const options = optionsSchema.parse(rawOptions);
  const settings = await compareOptions(options);
  const addresses = runs.map((run) => parseAddress(run, options.store));
  const comparison = await compareAt(addresses, settings);
  const written = await writeOutputs(comparison, options);
  console.log(
    options.json === true
      ? JSON.stringify({ ...comparison, ...written })
      : summarizeComparison(comparison, Object.values(written)),
  );
  const isAnswered = comparison.hosts.some(({ best }) => best.state === 'found');
  return isAnswered ? 0 : EXIT.nothingFeasible;
}

async function compareAt(
  addresses: readonly RunAddress[],
  settings: CompareOptions,
): Promise<HostComparison> {
  const opened = await openSources(addresses);
  try {
    const [first, ...rest] = opened.sources;
    if (first === undefined) throw new UsageError('there is nothing to compare');
    return await compareHosts([first, ...rest], settings);
  } finally {
    await opened.close();
  }
}

async function compareOptions(options: Options): Promise<CompareOptions> {
  const { prices } = options;
  return {
    constraints: parseConstraints(options, null),
    allowed: new Set(options.allow.map(parseUnlike)),
    prices: prices === undefined ? null : { file: await readPrices(prices), path: prices },
  };
}

function parseUnlike(text: string): Unlike {
  const found = UNLIKE.find((one) => one === text);
  if (found !== undefined) return found;
  throw new UsageError(`--allow '${text}' is not one of ${UNLIKE.join(', ')}`);
}

async function writeOutputs(
  comparison: HostComparison,
  { output, markdown, csv }: Options,
): Promise<Record<string, string>> {
  await writeFileAtomic(output, await renderComparison(comparison));
  if (markdown !== undefined) await writeFileAtomic(markdown, comparisonMarkdown(comparison));
  if (csv !== undefined) await writeFileAtomic(csv, comparisonCsv(comparison));
  return {
    page: output,
    ...(markdown !== undefined && { markdown }),
    ...(csv !== undefined && { csv }),
  };
}
