import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { UserError } from '../../../engine/base/errors.ts';
import { renderExport } from '../../../tuner/export/render-export.ts';
import { resourceFigures } from '../../../tuner/export/resource-figures.ts';
import { EXPORT_TARGETS } from '../../../tuner/export/targets/registry.ts';
import { readTuned, type Tuned } from '../../../tuner/export/tuned.ts';
import { writeExport } from '../../../tuner/export/write-export.ts';
import { parseProtobufText } from '../../support/protobuf-text.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { exportInput, servedAt, tunedLinear } from '../../support/tuned-results.ts';

/** A tuned.json with this text. */
function fileOf(text: string): string {
  const path = join(temporaryFolder(), 'tuned.json');
  writeFileSync(path, text);
  return path;
}

function goodText(): string {
  const tuned = tunedLinear(temporaryFolder());
  return JSON.stringify({ ...tuned, artifact: { ...tuned.artifact, path: 'model.onnx' } });
}

/** The file with a part of its text replaced, as no JSON writer would write it. */
function replaced(from: string, to: string): string {
  const text = goodText();
  expect(text).toContain(from);
  return text.replace(from, to);
}

describe('a tuned.json that is no result of ours', () => {
  test('is refused wherever it is cut off, with its name', async () => {
    const text = goodText();
    for (const share of [0, 0.1, 0.5, 0.9, 0.999]) {
      const path = fileOf(text.slice(0, Math.floor(text.length * share)));
      const refusal = await readTuned(path).catch((thrown: unknown) => thrown);
      expect(refusal).toBeInstanceOf(UserError);
      expect(refusal).toHaveProperty('message', expect.stringContaining(`${path} is not JSON`));
    }
  });

  test.each<[string, string, string, RegExp]>([
    ['a peak of 1e300 bytes', '"memoryBytes":209715200', '"memoryBytes":1e300', /memoryBytes/],
    ['a peak that overflows', '"memoryBytes":209715200', '"memoryBytes":1e999', /memoryBytes/],
    ['a negative peak', '"memoryBytes":209715200', '"memoryBytes":-1', /memoryBytes/],
    ['a billion replicas', '"replicas":1', '"replicas":1000000000', /config\.replicas/],
    ['a delay of 1e300 ms', '"maxDelayMs":0', '"maxDelayMs":1e300', /config\.batch\.maxDelayMs/],
    ['no core', '"cores":2', '"cores":0', /host\.cores/],
    ['a seed of 1e300', '"seed":1', '"seed":1e300', /workload\.seed/],
    ['a version that is a command', '"version":"1.30.0"', '"version":"1;reboot"', /not a version/],
    ['a field too many', '"provider":"cpu"', '"provider":"cpu","x":1', /"x"/],
    ['a prototype', '"provider":"cpu"', '"provider":"cpu","__proto__":{"x":1}', /__proto__/],
    ['a config with one', '"arena":true', '"arena":true,"__proto__":{"x":1}', /__proto__/],
  ])('with %s is refused by the field', async (_, from, to, says) => {
    await expect(readTuned(fileOf(replaced(from, to)))).rejects.toThrow(says);
  });

  test.each([
    ['dims', '"dims":{}', '"dims":{"__proto__":7}'],
    ['sessionEntries', '"sessionEntries":{}', '"sessionEntries":{"__proto__":"1"}'],
  ])('with a prototype among its %s gives no object another one', async (_, from, to) => {
    const { workload, config } = await readTuned(fileOf(replaced(from, to)));
    expect(Object.getPrototypeOf(workload.dims)).toBe(Object.prototype);
    expect(Object.keys(workload.dims)).toEqual([]);
    expect(Object.getPrototypeOf(config.sessionEntries)).toBe(Object.prototype);
    expect(Object.keys(config.sessionEntries)).toEqual([]);
  });

  test('whose artifact is a file of the system exports none of it', async () => {
    const tuned = await readTuned(
      fileOf(replaced('"path":"model.onnx"', '"path":"../../../../../../etc/passwd"')),
    );
    expect(tuned.artifact.path).toBe('/etc/passwd');
    await expect(exportInput(tuned)).rejects.toThrow(/^\/etc\/passwd/);
  });

  test('with more requests in flight than an autoscaler can count is refused', () => {
    const served = servedAt(tunedLinear(temporaryFolder()), 1e300);
    expect(() => resourceFigures(served, null)).toThrow(/requests in flight: no server had/);
  });
});

describe('names that try to be more than names', () => {
  const PAYLOAD = `a' "b" $(touch owned) \`touch owned\` %h \\\nINJECTED: 1\r\nINJECTED=1\u2028INJECTED()\\`;

  function hostile(folder: string): Tuned {
    const tuned = tunedLinear(folder, { affinity: '2', intraOpThreads: 2 });
    return {
      ...tuned,
      model: { ...tuned.model, name: `${PAYLOAD}.onnx` },
      host: { ...tuned.host, cpu: PAYLOAD, key: PAYLOAD, isa: [PAYLOAD] },
      workload: { ...tuned.workload, suite: PAYLOAD, scenario: PAYLOAD, dims: { [PAYLOAD]: 1 } },
    };
  }

  async function written(): Promise<{ readonly out: string; readonly texts: Map<string, string> }> {
    const folder = temporaryFolder();
    const input = await exportInput(hostile(folder));
    const files = EXPORT_TARGETS.flatMap((target) => renderExport(target, input).files);
    const out = join(folder, 'out');
    const { signal } = new AbortController();
    await writeExport(out, files, { force: false, signal });
    const texts = new Map(
      files.flatMap((file) => ('text' in file ? [[file.path, file.text] as const] : [])),
    );
    return { out, texts };
  }

  test('begin no line of any file', async () => {
    const { texts } = await written();
    expect(texts.size).toBeGreaterThan(20);
    // JSON escapes what ends its lines, and knows no other ends.
    for (const [path, text] of texts) {
      if (/\.(json|log)$/.test(path)) continue;
      const lines = text.split(/[\n\r\u2028\u2029\u0085\v\f]/);
      expect(lines.filter((line) => /^\s*INJECTED/.test(line)).map((line) => [path, line])).toEqual(
        [],
      );
    }
  });

  test('are nothing to the readers of the files', async () => {
    const { out, texts } = await written();
    const name = 'a-b-touch-owned-touch-owned-h-injected-1-injected';
    for (const target of ['kubernetes', 'kserve']) {
      const documents = parseAllDocuments(texts.get(`${target}/${name}.yaml`) ?? '');
      expect(Array.isArray(documents) && documents.flatMap(({ errors }) => errors)).toEqual([]);
    }
    expect(parseProtobufText(texts.get(`triton/${name}/config.pbtxt`) ?? '')).toHaveProperty(
      'name',
      [name],
    );
    const env = texts.get(`env/${name}.env`) ?? '';
    expect(Object.keys(parseEnv(env)).filter((key) => !key.startsWith('OPENCLAW_'))).toEqual([]);
    const shell = spawnSync('sh', ['-c', `. ./env/${name}.env && echo "$OPENCLAW_REPLICAS"`], {
      cwd: out,
      encoding: 'utf8',
    });
    expect(shell).toMatchObject({ status: 0, stdout: '1\n', stderr: '' });
    expect(readdirSync(out)).not.toContain('owned');
  });

  test('reach no terminal with control characters in a warning', async () => {
    const input = await exportInput({
      ...tunedLinear(temporaryFolder()),
      host: { key: 'k', cpu: '\u001b]0;owned\u0007', isa: [], cores: 1, memoryBytes: 1 },
    });
    const warnings = EXPORT_TARGETS.flatMap((target) => renderExport(target, input).warnings);
    expect(warnings.join('')).toContain('owned');
    expect(warnings.filter((warning) => /\p{Cc}/u.test(warning))).toEqual([]);
  });

  test.each(['coding: rot13', 'vim: set fileencoding=latin-1 :'])(
    'do not tell Python an encoding: %s',
    async (modelName) => {
      const folder = temporaryFolder();
      const tuned = tunedLinear(folder);
      const input = await exportInput({ ...tuned, model: { ...tuned.model, name: modelName } });
      const target = EXPORT_TARGETS.find(({ name }) => name === 'ort-python');
      const [first = '', second = ''] = (
        target?.render(input, ['first', `model: ${modelName}`]) ?? []
      )
        .flatMap((file) => ('text' in file ? [file.text] : []))
        .join('')
        .split('\n');
      // PEP 263: the first of the first two lines that names one decides.
      const cookie = /^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)/;
      expect(cookie.exec(first)?.[1]).toBe('utf-8');
      expect(second).toBe('# first');
    },
  );

  test('are refused where a name could leave the folder', async () => {
    const folder = temporaryFolder();
    const input = await exportInput({
      ...tunedLinear(folder),
      model: { name: '../../../../tmp/owned', sha256: 'x', path: '../../../../tmp/owned' },
    });
    expect(input.name).toBe('owned');
    const paths = EXPORT_TARGETS.flatMap((target) =>
      renderExport(target, input).files.map(({ path }) => path),
    );
    expect(paths.filter((path) => path.split('/').includes('..'))).toEqual([]);
    expect(existsSync('/tmp/owned')).toBe(false);
  });
});
