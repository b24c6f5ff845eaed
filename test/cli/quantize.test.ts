import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { optimize } from '../../cli/commands/optimize.ts';
import { readModelFile } from '../../engine/graph/read.ts';
import { npyOf, writeNpz } from '../support/npz.ts';
import {
  classes,
  PICTURE,
  pictures,
  writeClassifier,
  writePictures,
  writeProduct,
} from '../support/quantizable-models.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { claw, startClaw } from './run-claw.ts';

const SAMPLES = 16;
const PIXELS = PICTURE.reduce((product, dim) => product * dim, 1);
const LABELLED = { count: SAMPLES, labels: classes(SAMPLES) };

/** What the parser gives where nothing is typed. */
const DEFAULTS = {
  output: 'out.onnx',
  precision: 'int8-static',
  calibration: 'auto',
  blockSize: '32',
  passes: 'clean',
  provider: 'cpu',
  bench: false,
  seed: '1',
};

interface Report {
  readonly method: string | null;
  readonly quantized: number;
  readonly quality: readonly { readonly cosine: number; readonly accuracy: number | null }[];
  readonly warnings: readonly string[];
}

/** Quantizes, and gives the report of `--json` and the written model's operators. */
async function quantized(
  folder: string,
  model: string,
  typed: Readonly<Record<string, string>>,
): Promise<{ readonly report: Report; readonly operators: readonly (string | undefined)[] }> {
  const before = readdirSync(folder);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const shown = vi.spyOn(console, 'log').mockReturnValue();
  const output = join(folder, 'out.onnx');
  const options = { ...DEFAULTS, ...typed, output, json: true };
  expect(await optimize(model, options, new Set(Object.keys(typed)))).toBe(0);
  expect(shown).toHaveBeenCalledOnce();
  expect(readdirSync(folder).toSorted()).toEqual([...before, 'out.onnx'].toSorted());
  const { graph } = await readModelFile(output);
  return {
    report: JSON.parse(String(shown.mock.lastCall?.[0])) as Report,
    operators: graph.nodes.map(({ opType }) => opType),
  };
}

describe('claw optimize --precision', () => {
  test('int8-static: calibrated and judged on labelled data, at one sample and in batches', async () => {
    const folder = temporaryFolder();
    const model = writeClassifier(folder);
    const data = writePictures(join(folder, 'data.npz'), LABELLED);
    const { report, operators } = await quantized(folder, model, { data, minAccuracy: '0.9' });
    expect(report).toMatchObject({
      output: join(folder, 'out.onnx'),
      precision: 'int8-static',
      quantized: 2,
      kept: [],
      floors: [{ kind: 'accuracy', value: 0.9 }],
      // 8 of 16 samples calibrate, the others judge.
      quality: [
        { set: 'batch 1', samples: 8, accuracy: 1, originalAccuracy: 1 },
        { set: 'batch 8', samples: 8, accuracy: 1, originalAccuracy: 1 },
      ],
      speed: null,
      warnings: [],
    });
    expect(['min-max', 'percentile', 'entropy', 'mse']).toContain(report.method);
    expect(operators).toContain('QuantizeLinear');
  });

  test.each([
    ['int8-dynamic', 'DynamicQuantizeMatMul', 0.999],
    ['int4-weights', 'MatMulNBits', 0.98],
    ['fp16', 'Cast', 0.99999],
  ] as const)('%s of a product: %s', async (precision, operator, cosine) => {
    const folder = temporaryFolder();
    const typed = { precision, minCosine: String(cosine) };
    const { report, operators } = await quantized(folder, writeProduct(folder), typed);
    expect(report).toMatchObject({ precision, method: null, quantized: 1, warnings: [] });
    expect(report.quality[0]?.cosine).toBeGreaterThan(cosine);
    expect(operators).toContain(operator);
  });

  test('for people: size, method, quality, floors, and what the ranges rest on', async () => {
    const folder = temporaryFolder();
    writeClassifier(folder);
    const args = ['--precision', 'int8-static', '--calibration', 'min-max', '--no-bench'];
    const { stdout } = await claw(folder, 'optimize', 'classifier.onnx', '-o', 'o.onnx', ...args);
    expect(stdout).toMatch(
      /^o\.onnx: int8-static, 2 nodes or tensors quantized\n {2}size: .* larger\n/,
    );
    expect(stdout).toMatch(
      /\n  calibration: min-max; 32 requests observed in [\d.]+ s, peak memory \d+ MiB\n/,
    );
    expect(stdout).toMatch(/\n {4}batch 1 \(32 samples\): cosine 0\.999.*top-1 agreement 100 %\n/);
    expect(stdout).toContain('\n  floors: cosine 0.99\n');
    expect(stdout).toContain('\n  warning: the ranges are those of seeded random inputs');
  });

  test('a floor that cannot be held: what is reached, and no file', async () => {
    const folder = temporaryFolder();
    writeClassifier(folder);
    const labels = classes(SAMPLES);
    labels[0] = 1;
    const data = writePictures(join(folder, 'data.npz'), { count: SAMPLES, labels });
    const output = join(folder, 'new', 'out.onnx');
    const typed = { output, data, minAccuracy: '0.999', calibration: 'min-max' };
    // One wrong label among the eight that judge.
    expect(await refusal(folder, typed)).toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(
        /int8-static does not hold the floor.*accuracy 0\.875 \(fp32 0\.875\) at batch 1, floor 0\.999/,
      ) as string,
      remedy: expect.stringMatching(/^lower the floor, /) as string,
    });
  });

  test('stopped in the middle it leaves nothing', async () => {
    const folder = temporaryFolder();
    writeClassifier(folder);
    const before = readdirSync(folder);
    const args = ['-o', 'out.onnx', '--precision', 'int8-static', '--no-bench'];
    const running = startClaw(folder, 'optimize', 'classifier.onnx', ...args);
    await running.says('calibrating on');
    running.process.kill('SIGINT');
    const result = await running.ended;
    expect(result).toMatchObject({
      exitCode: 130,
      stderr: expect.stringMatching(/stopped: nothing was written/) as string,
    });
    expect(readdirSync(folder)).toEqual(before);
  });
});

function everything(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
}

/** What is shown of something that is refused, which leaves nothing. */
async function refusal(
  folder: string,
  typed: Readonly<Record<string, string>>,
): Promise<{ readonly exitCode: number; readonly message: string; readonly remedy: string }> {
  const model = writeClassifier(folder);
  const before = everything(folder);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const options = { ...DEFAULTS, output: join(folder, 'out.onnx'), ...typed };
  const thrown: unknown = await optimize(model, options, new Set(Object.keys(typed))).catch(
    (failure: unknown) => failure,
  );
  expect(thrown).toMatchObject({ name: expect.stringMatching(/^(User|Usage)Error$/) as string });
  expect(everything(folder)).toEqual(before);
  return thrown as { exitCode: number; message: string; remedy: string };
}

function pixels(change: (data: Float32Array) => unknown): Float32Array {
  const data = pictures(SAMPLES);
  change(data);
  return data;
}

describe('data that no variant can be made of', () => {
  const write: Readonly<Record<string, (path: string) => unknown>> = {
    shape: (path) =>
      writeFileSync(path, writeNpz({ x: npyOf(new Float32Array(2 * 4 * 6 * 5), [2, 4, 6, 5]) })),
    type: (path) =>
      writeFileSync(path, writeNpz({ x: npyOf(new Float64Array(2 * PIXELS), [2, ...PICTURE]) })),
    nan: (path) =>
      writePictures(path, {
        ...LABELLED,
        data: pixels((data) => (data[3 * PIXELS + 1] = Number.NaN)),
      }),
    infinite: (path) =>
      writePictures(path, { ...LABELLED, data: pixels((data) => (data[12 * PIXELS] = Infinity)) }),
    constant: (path) => writePictures(path, { ...LABELLED, data: pixels((data) => data.fill(7)) }),
    single: (path) => writePictures(path, { count: 1, labels: classes(1) }),
    short: (path) => writePictures(path, { count: SAMPLES, labels: classes(SAMPLES - 1) }),
    negative: (path) =>
      writePictures(path, { count: SAMPLES, labels: classes(SAMPLES).map((label) => label - 1) }),
    beyond: (path) =>
      writePictures(path, { count: SAMPLES, labels: classes(SAMPLES).map((label) => label + 1) }),
    empty: (path) => writeFileSync(path, ''),
    truncated: (path) => {
      writePictures(path, LABELLED);
      writeFileSync(path, readFileSync(path).subarray(0, -300));
    },
  };

  test.each([
    [
      'shape',
      /array 'x' in .*data\.npz is float32\[2, 4, 6, 5\], the model wants float32\[samples, 4, 6, 6\]/,
      /reshape/,
    ],
    [
      'type',
      /array 'x' in .*data\.npz is float64\[2, 4, 6, 6\], the model wants float32/,
      /astype/,
    ],
    ['nan', /'x' in .*data\.npz has NaN in sample 3,/, /repair that sample or leave it out/],
    ['infinite', /'x' in .*data\.npz has infinity in sample 12,/, /repair that sample/],
    ['constant', /all values of 'x' in .*data\.npz that calibrate are 7/, /as the model sees them/],
    [
      'single',
      /calibration and evaluation need different samples, and the data has 1/,
      /at least 2 samples with --data/,
    ],
    [
      'short',
      /'__labels' in .*data\.npz has the shape \[15\], it must be \[16\]/,
      /one class index per sample/,
    ],
    [
      'negative',
      /'__labels' in .*data\.npz must hold class indices, integers from 0, not -1/,
      /number the classes from 0/,
    ],
    [
      'beyond',
      /'__labels' in .*data\.npz has class 4 for sample 3, .*'y' has the classes 0 to 3/,
      /number the classes/,
    ],
    ['empty', /data\.npz is empty/, /np\.savez/],
    ['truncated', /data\.npz is not a \.npz archive, or damaged/, /np\.savez/],
  ] as const)('%s', async (what, message, remedy) => {
    const folder = temporaryFolder();
    const data = join(folder, 'data.npz');
    write[what]?.(data);
    const refused = await refusal(folder, { data });
    expect(refused.message).toMatch(message);
    expect(refused.remedy).toMatch(remedy);
    expect(refused.exitCode).toBe(1);
  });

  test('no labels, where an accuracy must be held', async () => {
    expect(await refusal(temporaryFolder(), { minAccuracy: '0.9' })).toMatchObject({
      exitCode: 2,
      message: '--min-accuracy needs labels, and the data has none',
      remedy: 'give --data with an array __labels, one class index per sample',
    });
  });
});

describe('options that no variant can be made by', () => {
  test.each([
    [{ calibration: 'magic' }, "--calibration 'magic' is not known"],
    [{ precision: 'int7' }, "--precision 'int7' is not known"],
    [{ passes: 'all' }, '--passes is fixed where --precision is given'],
    [{ provider: 'abacus' }, "--provider 'abacus' is not available"],
    [{ blockSize: '64' }, '--block-size belongs to int4-weights, and --precision is int8-static'],
    [
      { precision: 'fp16', calibration: 'mse' },
      '--calibration belongs to int8-static, and --precision is fp16',
    ],
  ])('%j', async (typed, message) => {
    const refused = await refusal(temporaryFolder(), typed);
    expect(refused.message).toContain(message);
    expect(refused.remedy).toMatch(/./);
    expect(refused.exitCode).toBe(2);
  });

  test.each([
    [{ minAccuracy: '1.2' }, "--min-accuracy '1.2' must be a share between 0 and 1"],
    [{ minAccuracy: '0' }, "--min-accuracy '0' must be a share between 0 and 1"],
    [{ minAgreement: '99' }, "--min-agreement '99' must be a share between 0 and 1"],
    [{ minCosine: '-1' }, "--min-cosine '-1' must be a share between 0 and 1"],
    [{ minSqnr: 'loud' }, "--min-sqnr 'loud' must be decibels"],
    [{ minSqnr: '' }, "--min-sqnr '' must be decibels"],
  ])('%j', async (typed, message) => {
    const options = { ...DEFAULTS, ...typed };
    await expect(optimize('no.onnx', options, new Set(Object.keys(typed)))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('an output that cannot be written', () => {
  test('is found before the work', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const refused = await refusal(folder, { output: join(folder, 'file', 'out.onnx') });
    expect(refused.message).toMatch(/cannot write .*file\/out\.onnx: a part of the path is a file/);
    expect(refused.exitCode).toBe(1);
  });

  // /proc takes no files, not even from root.
  test.runIf(existsSync('/proc/self'))('not even by root', async () => {
    const refused = await refusal(temporaryFolder(), { output: '/proc/out.onnx' });
    expect(refused.message).toMatch(/^cannot write \/proc\/out\.onnx: /);
    expect(refused.remedy).toBe('choose another folder');
  });

  test('is the model, by whatever name, or the data', async () => {
    const folder = temporaryFolder();
    const model = writeClassifier(folder);
    symlinkSync(model, join(folder, 'link.onnx'));
    const data = writePictures(join(folder, 'data.npz'), LABELLED);
    const cases = [
      [model, 'the output is the model itself'],
      [join(folder, 'link.onnx'), 'the output is the model itself'],
      [data, 'the output is the data itself'],
    ] as const;
    for (const [output, message] of cases) {
      const refused = await refusal(folder, { output, data });
      expect(refused).toMatchObject({ exitCode: 2, message });
    }
    expect(existsSync(data)).toBe(true);
  });
});
