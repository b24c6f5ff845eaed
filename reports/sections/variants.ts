import type { WorkloadRecord } from '../../suites/workload-record.ts';
import { bytes, NOTHING, percent } from '../figure-format.ts';
import { html, type HtmlValue } from '../html.ts';
import type { Section } from '../page.ts';
import type { RunView } from '../run-view.ts';
import { dataTable, type Column } from '../tables/data-table.ts';

type Variant = NonNullable<WorkloadRecord['artifacts'][number]['variant']>;
type Quality = Variant['quality'][number];

/** How each other precision was made, and how close it is to fp32. */
export function variantsSection({ run }: RunView): Section | undefined {
  const variants = run.workload.artifacts.flatMap(({ variant }) =>
    variant === null ? [] : [variant],
  );
  if (variants.length === 0) return undefined;
  const rows = variants.flatMap((variant) =>
    variant.quality.map((quality) => ({ variant, quality })),
  );
  const { table } = dataTable(COLUMNS, rows, { caption: 'Variants and their quality' });
  return {
    id: 'variants',
    heading: 'Other precisions',
    content: html`<p class="lead">
        Made once from the cleaned graph and compared with fp32 on samples that calibrated none of
        them.
      </p>
      <div class="wide">${table}</div>
      ${variants.map(keptText)}`,
  };
}

function keptText({ precision, kept, calibration, method }: Variant): HtmlValue {
  const parts = [
    ...(kept.length === 0 ? [] : [`kept in fp32 so that the floors hold: ${kept.join(', ')}`]),
    ...(method === null || calibration === null
      ? []
      : [
          `ranges by ${method} from ${calibration.requests} requests, observed in ${calibration.seconds.toFixed(1)} s`,
        ]),
  ];
  return parts.length > 0 && html`<p class="note">${precision}: ${parts.join('; ')}.</p>`;
}

interface Row {
  readonly variant: Variant;
  readonly quality: Quality;
}

const COLUMNS: readonly Column<Row>[] = [
  {
    title: 'Precision',
    numeric: false,
    keep: true,
    cell: ({ variant }) => ({ content: variant.precision, sort: variant.precision }),
  },
  {
    title: 'Judged on',
    numeric: false,
    keep: true,
    cell: ({ quality }) => ({
      content: `${quality.set}, ${quality.samples} samples`,
      sort: quality.set,
    }),
  },
  {
    title: 'File',
    numeric: true,
    keep: true,
    cell: ({ variant }) => ({
      content: bytes(variant.sizeBytesAfter),
      sort: variant.sizeBytesAfter,
    }),
  },
  {
    title: 'In integers',
    numeric: true,
    keep: true,
    cell: ({ variant }) => share(variant.integerShare),
  },
  {
    title: 'Cosine',
    numeric: true,
    keep: true,
    cell: ({ quality }) => ({ content: quality.cosine.toFixed(4), sort: quality.cosine }),
  },
  {
    title: 'SQNR',
    numeric: true,
    keep: true,
    cell: ({ quality }) => ({ content: `${quality.sqnrDb.toFixed(1)} dB`, sort: quality.sqnrDb }),
  },
  {
    title: 'Agreement',
    numeric: true,
    cell: ({ quality }) => share(quality.agreement),
  },
  {
    title: 'Accuracy',
    numeric: true,
    cell: ({ quality }) => share(quality.accuracy),
  },
  {
    title: 'fp32 accuracy',
    numeric: true,
    cell: ({ quality }) => share(quality.originalAccuracy),
  },
];

function share(value: number | null): { readonly content: string; readonly sort: number | null } {
  return { content: value === null ? NOTHING : percent(value), sort: value };
}
