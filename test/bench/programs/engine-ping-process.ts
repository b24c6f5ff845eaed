import { createSession } from '../../../engine/runtime/binding.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';
import { elementCount, type Tensors } from '../../../engine/runtime/tensor.ts';
import { ONE_THREAD, PICTURE_DIMS } from './engine-models.ts';

// The barest process that can infer: its feeds are here already, as they are in shared
// memory, and its small outputs are part of the answer. Its argument is the model.

/** What is asked: where the feed lies, as an engine would tell it. */
export interface Ping {
  readonly kind: 'infer' | 'empty';
  readonly feed: {
    readonly type: string;
    readonly dims: readonly number[];
    readonly offset: number;
  };
}

const session = await createSession(process.argv[2] ?? '', toSessionOptions(ONE_THREAD));
const elements = elementCount(PICTURE_DIMS);
const feeds: Tensors = {
  x: { type: 'float32', dims: PICTURE_DIMS, data: new Float32Array(elements) },
};
await session.run(feeds);
process.on('message', (ping: Ping) => void answer(ping));
process.send?.('ready');

async function answer(ping: Ping): Promise<void> {
  process.send?.(ping.kind === 'empty' ? ping : await session.run(feeds));
}
