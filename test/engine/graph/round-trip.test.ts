import { describe, expect, it } from 'vitest';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { createTensor } from '../../../engine/graph/create-tensor.ts';
import type { OnnxModel, OnnxTensor, OnnxType } from '../../../engine/graph/model.ts';
import { readModel } from '../../../engine/graph/read.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { runModel } from './run-model.ts';
import { branchingModel, linearModel } from './sample-models.ts';

describe('a model written and read again', () => {
  it('runs in the runtime as it was built', async () => {
    const x = {
      type: 'float32',
      dims: [2, 3],
      data: new Float32Array([1, 2, 3, -4, 5, 0]),
    } as const;
    const { y } = await runModel(writeModel(readModel(writeModel(linearModel()))), { x });
    expect(y?.dims).toEqual([2, 3]);
    expect(Array.from(y?.data as Float32Array)).toEqual([1, 4, 7, 0, 10, 1]);
  });

  it('keeps subgraphs and functions, which the runtime executes', async () => {
    const bytes = writeModel(readModel(writeModel(branchingModel())));
    const run = async (flag: number): Promise<unknown> => {
      const feeds = { flag: { type: 'bool', dims: [1], data: new Uint8Array([flag]) } } as const;
      return (await runModel(bytes, feeds))['y']?.data;
    };
    expect(await run(1)).toEqual(new Float32Array([6]));
    expect(await run(0)).toEqual(new Float32Array([10]));
  });

  it('keeps every kind of attribute', () => {
    const model = withAttributes();
    expect(readModel(writeModel(model))).toEqual(model);
  });

  it('keeps every element type in raw and in typed form', () => {
    const model = withInitializers(allTensors());
    expect(readModel(writeModel(model))).toEqual(model);
  });

  it('keeps every kind of type, shape and annotation', () => {
    const model = withTypes();
    expect(readModel(writeModel(model))).toEqual(model);
  });

  it('is byte for byte the same when it is written twice', () => {
    const bytes = writeModel(withAttributes());
    expect(writeModel(readModel(bytes))).toEqual(bytes);
  });

  it('tells an explicit default from an absent field', () => {
    const builder = new ModelBuilder({ name: '', opset: 17 });
    const read = readModel(writeModel({ ...builder.build(), modelVersion: 0n, domain: '' }));
    expect(read).toMatchObject({ modelVersion: 0n, domain: '' });
    expect(read).not.toHaveProperty('producerName');
  });
});

const tensor = createTensor('t', { type: 'int8', dims: [3], data: new Int8Array([-1, 0, 1]) });
const tensorType: OnnxType = {
  tensorType: {
    elemType: 1,
    shape: { dims: [{ value: 2 }, { symbol: 'N', denotation: 'BATCH' }, {}] },
  },
};

function withAttributes(): OnnxModel {
  const graph = new ModelBuilder({ name: 'inner', opset: 17 }).buildGraph();
  const sparseTensor = { values: tensor, indices: tensor, dims: [5] };
  const builder = new ModelBuilder({ name: 'attributes', opset: 17 });
  builder.node('Any', ['', 'x'], {
    attributes: {
      float: { float: -0.5 },
      int: { int: -(2n ** 63n) },
      string: { string: 'grüße' },
      tensor: { tensor },
      graph: { graph },
      sparseTensor: { sparseTensor },
      type: { type: tensorType },
      floats: { floats: [1.5, Infinity, -0] },
      ints: { ints: [-1, 2n ** 63n - 1n] },
      strings: { strings: ['', 'b'] },
      tensors: { tensors: [tensor, tensor] },
      graphs: { graphs: [graph] },
      sparseTensors: { sparseTensors: [sparseTensor] },
      types: { types: [tensorType] },
    },
  });
  return builder.build();
}

function allTensors(): OnnxTensor[] {
  const typed = createTensor('typed', { type: 'string', dims: [0], strings: [] });
  return [
    ...ELEMENT_TYPES.map((type) => {
      return createTensor(type, { type, dims: [8], data: new Uint8Array(128).fill(7) });
    }),
    createTensor('text', { type: 'string', dims: [2], strings: ['a', 'ß'] }),
    { ...typed, floatData: new Float32Array([1, NaN]) },
    { ...typed, int32Data: new Int32Array([-1, 2 ** 31 - 1]) },
    { ...typed, int64Data: new BigInt64Array([-1n, 2n ** 63n - 1n]) },
    { ...typed, doubleData: new Float64Array([1e300, -0]) },
    { ...typed, uint64Data: new BigUint64Array([0n, 2n ** 64n - 1n]) },
    { ...typed, segment: { begin: 1n, end: 2n }, docString: 'part' },
    { ...typed, dataLocation: 1, externalData: [{ key: 'location', value: 'weights.bin' }] },
  ];
}

const ELEMENT_TYPES = (
  'float32 float64 float16 bfloat16 bool complex64 complex128 ' +
  'uint8 uint16 uint32 uint64 int8 int16 int32 int64 uint4 int4 uint2 int2 ' +
  'float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz float8e8m0 float4e2m1'
).split(' ');

function withInitializers(initializers: readonly OnnxTensor[]): OnnxModel {
  const model = new ModelBuilder({ name: 'tensors', opset: 17 }).build();
  return { ...model, graph: { ...model.graph, initializers } };
}

function withTypes(): OnnxModel {
  const types: readonly OnnxType[] = [
    tensorType,
    { sequenceType: { elemType: tensorType }, denotation: 'LIST' },
    { optionalType: { elemType: tensorType } },
    { mapType: { keyType: 7, valueType: tensorType } },
    { sparseTensorType: { elemType: 1 } },
    { opaqueType: { domain: 'd', name: 'n' } },
  ];
  const entry = { key: 'k', value: 'v' };
  const infos = types.map((type, i) => ({
    name: `v${i}`,
    type,
    docString: '',
    metadataProps: [entry],
  }));
  const { graph, ...model } = new ModelBuilder({ name: 'types', opset: 17 }).build();
  const empty = new ModelBuilder({ name: 'train', opset: 17 }).buildGraph();
  return {
    ...model,
    metadataProps: [entry],
    trainingInfo: [
      {
        initialization: empty,
        algorithm: empty,
        initializationBindings: [entry],
        updateBindings: [entry],
      },
    ],
    graph: {
      ...graph,
      inputs: infos,
      outputs: infos,
      valueInfos: infos,
      sparseInitializers: [{ values: tensor, indices: tensor, dims: [9] }],
      quantizationAnnotations: [{ tensorName: 'v0', quantParameterTensorNames: [entry] }],
      metadataProps: [entry],
    },
  };
}
