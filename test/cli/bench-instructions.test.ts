import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withTunedArtifacts } from '../../cli/bench-config.ts';
import { summarizeBench } from '../../cli/bench-summary.ts';
import { thisHost } from '../../cli/measuring.ts';
import { sha256 } from '../../engine/base/files.ts';
import type { EngineConfig } from '../../engine/runtime/engine-config.ts';
import type { WorkloadRecord } from '../../suites/workload-record.ts';
import type { Tuned } from '../../tuner/export/tuned.ts';
import { benchPlan } from '../support/bench-plan.ts';
import { benchRecord, benchTrial } from '../support/bench-records.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What `claw bench --config tuned.json` says of a file that another machine tuned. */
async function notesOf(
  precision: EngineConfig['precision'],
  isa: readonly string[],
): Promise<readonly string[]> {
  const folder = temporaryFolder();
  const path = join(folder, 'model.onnx');
  writeFileSync(path, 'a model');
  const workload: WorkloadRecord = { ...benchRecord([]).workload, notes: ['a fact'] };
  const { provider: _, ...config } = benchTrial().config;
  const tuned = {
    model: { sha256: workload.model.sha256 },
    artifact: { path, sha256: sha256('a model') },
    config: { ...config, precision },
    host: { cpu: 'a CPU of tomorrow', isa },
  } as unknown as Tuned;
  const source = { kind: 'tuned', path: 'tuned.json', tuned } as const;
  return (await withTunedArtifacts(workload, [source, null])).notes;
}

const { isa: own } = thisHost();
const TOMORROW = [...own, 'avx9_vnni', 'tensor_cores'];

describe('a tuned.json of another machine', () => {
  test.each(['int8-static', 'int8-dynamic', 'int4-weights'] as const)(
    'with %s warns of the instructions that are not here',
    async (precision) => {
      expect(await notesOf(precision, TOMORROW)).toEqual([
        'a fact',
        `warning: this ${precision} model was tuned on a CPU of tomorrow, which has avx9_vnni, tensor_cores; this CPU has not: it may be slower or less accurate here, so tune it again`,
      ]);
    },
  );

  test.each(['fp32', 'fp16'] as const)('with %s needs none of them', async (precision) => {
    expect(await notesOf(precision, TOMORROW)).toEqual(['a fact']);
  });

  test('with no more instructions than here is nothing to warn of', async () => {
    expect(await notesOf('int8-static', own)).toEqual(['a fact']);
    expect(await notesOf('int8-static', [])).toEqual(['a fact']);
  });

  test('warns where the result is shown', async () => {
    const notes = [...(await notesOf('int8-static', TOMORROW))];
    const record = benchRecord([benchTrial()]);
    const shown = summarizeBench(
      { ...record, workload: { ...record.workload, notes } },
      benchPlan(),
    );
    expect(shown).toContain('\n  warning: this int8-static model was tuned on a CPU of tomorrow');
  });
});
