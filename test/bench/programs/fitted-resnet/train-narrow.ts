import { createRandom } from '../../../../engine/base/random.ts';
import { slicePictures, type Pictures } from '../../../../suites/inspection/images/pictures.ts';
import { withSession, type Workbench } from '../../../../suites/inspection/training/workbench.ts';
import { BLOCKS, type Block, type BlockPlan } from './block.ts';
import { enlarge, LARGE } from './enlarge.ts';
import { channelMoments, type Moments } from './moments.ts';
import { fitHead } from './head.ts';
import { levelBlock } from './level-block.ts';
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

/** The stream behind it is small enough to be kept for all pictures: 14 x 14 cells. */
const KEPT_BEHIND = 'layer3.0';

/** Pictures are dealt to so many hands, and each block is trained on another hand than the last. */
const HANDS = 2;

/** Cells that a channel's level is measured on, and pictures at most. */
const LEVELLED = Object.freeze({ cells: 200_000, pictures: 512 });

/** The share of pictures, at the end, that trains no block: the head's lambda is chosen on them. */
const HELD_BACK = 0.2;

/**
 * Standard deviation of what the head is made to overlook, of a level of 4: rounding to 8
 * bits leaves about half as much on the stream.
 */
const NOISE = 0.1;

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
  let sourceOf: (share: Share, noise?: number) => Source = ({ start, end }) =>
    pictureSource(slicePictures(pictures, start, end), stem, blocks);
  for (const [index, plan] of BLOCKS.entries()) {
    onProgress(`training block ${index + 1} of ${BLOCKS.length}`);
    const random = createRandom(seed, plan.name);
    const samples = await takeSamples(bench, sourceOf(shareOf(pictures, index)), { plan, random });
    const trained = await trainBlock(bench, samples, { plan, random });
    blocks.push(await levelBlock(bench, sourceOf(levelShare(plan)), trained));
    if (plan.name !== KEPT_BEHIND) continue;
    const source = pictureSource(pictures, stem, blocks);
    const kept = await keepStream(bench, source, { channels: plan.to, size: plan.size });
    const before = blocks.length;
    sourceOf = (share, noise) =>
      streamSource(sliceStream(kept, share), blocks.slice(before), noise);
  }
  onProgress('fitting the head');
  const channels = BLOCKS.at(-1)?.to ?? 0;
  const all = { start: 0, end: pictures.count };
  const sources = [sourceOf(all), sourceOf(all, NOISE)];
  const head = await fitHead(bench, sources, { channels, heldBack: HELD_BACK });
  const moments = await measure(bench, { stem, blocks }, training.measured);
  return { stem, blocks, head, moments };
}

function levelShare({ size, stride }: BlockPlan): Share {
  const pictures = Math.ceil(LEVELLED.cells / (size * stride) ** 2);
  return { start: 0, end: Math.min(LEVELLED.pictures, pictures) };
}

/** The pictures that the block of this index is trained on. */
function shareOf({ count }: Pictures, index: number): Share {
  const trained = Math.floor(count * (1 - HELD_BACK));
  if (BLOCKS[index]?.reach === null) return { start: 0, end: trained };
  const size = Math.floor(trained / HANDS);
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
  const model = narrowModel({ kind: 'picture', stem }, blocks, { outputs: 'convolutions' });
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
