import { elementTypeName } from '../element-type.ts';
import { everyOne, likeInput } from './elementwise.ts';
import { normalizeAxis, type Inference, type Inferences } from './operator.ts';
import { shaped, type ValueShape } from './value-shape.ts';

/** Mean and inverse deviation have the type of the computation and 1 where it reduced. */
const layerNormalization: Inference = (op) => {
  const dims = op.dims(0);
  const axis = dims === null ? null : normalizeAxis(op.int('axis', -1), dims.length);
  const reduced = axis === null ? null : (dims?.map((dim, i) => (i < axis ? dim : 1)) ?? null);
  const statistic: ValueShape = shaped(elementTypeName(op.int('stash_type', 1)), reduced);
  return [shaped(op.type(0), dims), statistic, statistic];
};

export const normalizations: Inferences = {
  ...everyOne(
    'GroupNormalization InstanceNormalization RMSNormalization SimplifiedLayerNormalization',
    likeInput,
  ),
  // The statistics of training mode are left unknown.
  BatchNormalization: likeInput,
  LayerNormalization: layerNormalization,
};
