import { createRandom } from '../../../../engine/base/random.ts';
import { slicePictures, type Pictures } from '../../../../suites/inspection/images/pictures.ts';
import { withSession, type Workbench } from '../../../../suites/inspection/training/workbench.ts';
import { BLOCKS, type Block, type BlockPlan } from './block.ts';
import { enlarge, LARGE } from './enlarge.ts';
import { channelMoments, type Moments } from './moments.ts';
import { equalizeStage } from './equalize.ts';
import { fitHead } from './head.ts';
import { narrowModel, type Stem } from './narrow-model.ts';
import { takeSamples } from './samples.ts';
import {
  keepStream,
  pictureSource,
  sliceStream,
  streamSource,
  type Share,
  type Source,
} from './source.ts';
import { createStem } from './stem.ts';
import { trainBlock } from './train-block.ts';
import type { NarrowNetwork } from './wide-weights.ts';

/** The stream behind it is small enough to be kept for all pictures: 28 x 28 cells. */
const KEPT_BEHIND = 'layer2.2';

/** Pictures are dealt to so many hands, and each block is trained on another hand than the last. */
const HANDS = 2;

/** Pictures that the channels' loudness is measured on. */
const EQUALIZED = 128;

export interface Training {
  readonly pictures: Pictures;
  /** Those that norms are measured on. */
  readonly measured: Pictures;
  readonly seed: number;
  readonly onProgress: (text: string) => void;
}

/** Trains the narrow network block by block. */
export async function trainNarrow(bench: Workbench, training: Training): Promise<NarrowNetwork> {
  const stem = await createStem(bench, training.measured);
  const blocks: Block[] = [];
  const { pictures, seed, onProgress } = training;
  let sourceOf = (share: Share): Source => {
    return pictureSource(slicePictures(pictures, share.start, share.end), stem, blocks);
  };
  for (const [index, plan] of BLOCKS.entries()) {
    onProgress(`training block ${index + 1} of ${BLOCKS.length}`);
    const random = createRandom(seed, plan.name);
    const samples = await takeSamples(bench, sourceOf(shareOf(pictures, index)), { plan, random });
    blocks.push(await trainBlock(bench, samples, { plan, random }));
    if (BLOCKS[index + 1]?.stride === 1) continue;
    const own = blocks.filter((block) => stageOf(block.plan) === stageOf(plan));
    const some = sourceOf({ start: 0, end: EQUALIZED });
    blocks.splice(-own.length, own.length, ...(await equalizeStage(bench, some, own)));
    if (plan.name !== KEPT_BEHIND) continue;
    const source = pictureSource(pictures, stem, blocks);
    const kept = await keepStream(bench, source, { channels: plan.to, size: plan.size });
    const before = blocks.length;
    sourceOf = (share) => streamSource(sliceStream(kept, share), blocks.slice(before));
  }
  onProgress('fitting the head');
  const channels = BLOCKS.at(-1)?.to ?? 0;
  const head = await fitHead(bench, sourceOf({ start: 0, end: pictures.count }), channels);
  const moments = await measure(bench, { stem, blocks }, training.measured);
  return { stem, blocks, head, moments };
}

function stageOf({ name }: BlockPlan): string {
  return name.split('.')[0] as string;
}

/** The pictures that the block of this index is trained on. */
function shareOf({ count }: Pictures, index: number): Share {
  if (BLOCKS[index]?.reach === null) return { start: 0, end: count };
  const size = Math.floor(count / HANDS);
  const start = (index % HANDS) * size;
  return { start, end: start + size };
}

/** What every convolution gives. */
async function measure(
  bench: Workbench,
  { stem, blocks }: { readonly stem: Stem; readonly blocks: readonly Block[] },
  pictures: Pictures,
): Promise<Map<string, Moments>> {
  const { count } = pictures;
  const model = narrowModel({ kind: 'picture', stem }, blocks, 'convolutions');
  const outputs = await withSession(bench, model, (session) => {
    const data = enlarge(pictures, { start: 0, rows: count, channels: 1 });
    return session.run({ input: { type: 'float32', dims: [count, 1, LARGE, LARGE], data } });
  });
  return new Map(
    Object.entries(outputs).map(([name, { dims, data }]) => {
      const channels = dims[1] as number;
      return [name, channelMoments(data as Float32Array, { count, channels })];
    }),
  );
}
