import { UsageError } from '../../base/errors.ts';
import { cleanQdq } from './clean-qdq.ts';
import { constantsToInitializers } from './constants-to-initializers.ts';
import { foldConstants } from './fold-constants.ts';
import { foldShapeArithmetic } from './fold-shape-arithmetic.ts';
import { fuseAttention } from './fuse-attention.ts';
import { fuseBatchNorm } from './fuse-batch-norm.ts';
import { fuseBiasGelu } from './fuse-bias-gelu.ts';
import { fuseConvActivation } from './fuse-conv-activation.ts';
import { fuseConvAdd } from './fuse-conv-add.ts';
import { fuseConvAffine } from './fuse-conv-affine.ts';
import { fuseEmbedLayerNorm } from './fuse-embed-layer-norm.ts';
import { fuseFastGelu } from './fuse-fast-gelu.ts';
import { fuseGelu } from './fuse-gelu.ts';
import { fuseLayerNorm } from './fuse-layer-norm.ts';
import { fuseMatMulAdd } from './fuse-matmul-add.ts';
import { fuseMultiHeadAttention } from './fuse-multi-head-attention.ts';
import { fusePad } from './fuse-pad.ts';
import { fuseQuickGelu } from './fuse-quick-gelu.ts';
import { fuseRmsNorm } from './fuse-rms-norm.ts';
import { fuseRuntimeGelu } from './fuse-runtime-gelu.ts';
import { fuseSkipLayerNorm } from './fuse-skip-layer-norm.ts';
import { fuseSkipRmsNorm } from './fuse-skip-rms-norm.ts';
import { inlineFunctions } from './inline-functions.ts';
import type { Pass } from './pass.ts';
import { removeDead } from './remove-dead.ts';
import { removeDuplicates } from './remove-duplicates.ts';
import { removeNoOps } from './remove-no-ops.ts';
import { residualSum } from './residual-sum.ts';
import { unflattenGemm } from './unflatten-gemm.ts';

/** Every pass in the order in which a pipeline runs them. */
const PASSES: readonly Pass[] = Object.freeze([
  inlineFunctions,
  constantsToInitializers,
  removeNoOps,
  foldShapeArithmetic,
  foldConstants,
  removeDuplicates,
  cleanQdq,
  fusePad,
  fuseBatchNorm,
  fuseConvAffine,
  fuseMatMulAdd,
  // Before what takes the bias of a projection elsewhere.
  fuseAttention,
  fuseMultiHeadAttention,
  fuseLayerNorm,
  fuseRmsNorm,
  fuseGelu,
  fuseRuntimeGelu,
  unflattenGemm,
  fuseBiasGelu,
  fuseFastGelu,
  fuseQuickGelu,
  // Before the other sums: those of embeddings.
  fuseEmbedLayerNorm,
  fuseSkipLayerNorm,
  fuseSkipRmsNorm,
  // After whatever joins the sum to its normalization.
  residualSum,
  // Before the activation: it takes the Relu behind the sum along.
  fuseConvAdd,
  fuseConvActivation,
  removeDead,
]);

export type Pipeline = 'none' | 'clean' | 'all';

/** Passes switched on or off beside what the pipeline has. */
export interface PassSwitches {
  readonly on: readonly string[];
  readonly off: readonly string[];
}

/** Reads `--passes`: a pipeline's name, `+pass` or `-pass`, separated by commas. */
export function parsePasses(text: string): {
  readonly pipeline: Pipeline;
  readonly switches: PassSwitches;
} {
  let pipeline: Pipeline = 'clean';
  const on: string[] = [];
  const off: string[] = [];
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === 'none' || part === 'clean' || part === 'all') pipeline = part;
    else if (part.startsWith('+')) on.push(knownName(part.slice(1)));
    else if (part.startsWith('-')) off.push(knownName(part.slice(1)));
    else {
      throw new UsageError(`--passes: '${part}' is neither a pipeline nor a switch`, {
        remedy: 'give none, clean or all, and +PASS or -PASS, such as clean,-fuse-pad',
      });
    }
  }
  return { pipeline, switches: { on, off } };
}

function knownName(name: string): string {
  if (PASSES.some((pass) => pass.name === name)) return name;
  throw new UsageError(`--passes: there is no pass '${name}'`, {
    remedy: `the passes are ${PASSES.map((pass) => pass.name).join(', ')}`,
  });
}

/**
 * The passes of a pipeline for a provider. A pass that was switched on by name
 * must fit the provider; one that the pipeline brings is left out otherwise.
 */
export function selectPasses(
  pipeline: Pipeline,
  provider: string,
  switches: PassSwitches = { on: [], off: [] },
): readonly Pass[] {
  const fits = (pass: Pass): boolean => pass.providers?.includes(provider) ?? true;
  const unfit = PASSES.find((pass) => switches.on.includes(pass.name) && !fits(pass));
  if (unfit !== undefined) {
    throw new UsageError(`--passes: '${unfit.name}' makes what provider '${provider}' has not`, {
      remedy: `it is for ${unfit.providers?.join(', ') ?? 'every provider'}`,
    });
  }
  return PASSES.filter((pass) => {
    if (switches.off.includes(pass.name)) return false;
    if (switches.on.includes(pass.name)) return true;
    return fits(pass) && isIn(pass, pipeline);
  });
}

function isIn(pass: Pass, pipeline: Pipeline): boolean {
  if (pipeline === 'none') return false;
  return pass.pipeline === 'clean' || (pipeline === 'all' && pass.pipeline === 'all');
}
