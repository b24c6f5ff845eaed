import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('a thread that runs out of heap fails one request; the next is answered by another', async () => {
  const model = writeTextModel();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--max-old-space-size=160', '--input-type=module', '--eval', program(model)],
    { encoding: 'utf8' },
  );
  expect(JSON.parse(stdout)).toEqual({
    before: ['a'],
    failure: "the replica's thread ran out of heap and took the request with it",
    remedy: expect.stringMatching(/smaller text tensors.*--max-old-space-size/) as string,
    after: ['b'],
  });
});

/** `y = x`, texts. */
function writeTextModel(): string {
  const builder = new ModelBuilder({ name: 'texts', opset: 17 });
  builder.input('x', 'string', ['N']);
  builder.output(builder.node('Identity', ['x'], { outputs: ['y'] }), 'string', ['N']);
  const path = join(temporaryFolder(), 'texts.onnx');
  writeFileSync(path, writeModel(builder.build()));
  return path;
}

/** One text that is sent many times is small here, and as large as it looks in the thread. */
function program(modelPath: string): string {
  const module = new URL('../../../engine/runtime/thread-replica.ts', import.meta.url).href;
  const config = { ...defaultEngineConfig(1), isolation: 'thread', spinning: false };
  return `
    import { openThreadReplica } from '${module}';
    const replica = await openThreadReplica({
      modelPath: ${JSON.stringify(modelPath)},
      config: ${JSON.stringify(config)},
    });
    const feeds = (data) => ({ x: { type: 'string', dims: [data.length], data } });
    const textsOf = async (data) => Object.values(await replica.run(feeds(data)))[0].data;
    const before = await textsOf(['a']);
    const lost = await textsOf(Array(500_000).fill('x'.repeat(1000))).catch((thrown) => thrown);
    const after = await textsOf(['b']);
    await replica.close();
    console.log(JSON.stringify({ before, failure: lost.message, remedy: lost.remedy, after }));`;
}
