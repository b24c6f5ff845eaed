import type * as onnx from './model.ts';

/**
 * The wire schema of ONNX as a table: for each message the field numbers of the
 * public onnx.proto (IR version 14). The compiler checks it against the types
 * of `model.ts`: every field of a type must be here, with a kind that fits.
 * Device configurations are left out on purpose: they stay unknown fields.
 *
 * Kinds: `string` must be UTF-8; `text` is prose, kept as an unknown field when
 * it is not; `integer` is an int64 that must be exact as a number; the others
 * are protobuf's own.
 */
export const MESSAGES: Schema = {
  Model: {
    irVersion: one(1, 'integer'),
    producerName: one(2, 'string'),
    producerVersion: one(3, 'string'),
    domain: one(4, 'string'),
    // Some exporters write the largest int64 here.
    modelVersion: one(5, 'int64'),
    docString: one(6, 'text'),
    graph: one(7, 'Graph'),
    opsetImports: many(8, 'Opset'),
    metadataProps: many(14, 'Entry'),
    trainingInfo: many(20, 'TrainingInfo'),
    functions: many(25, 'Function'),
  },
  Opset: { domain: one(1, 'string'), version: one(2, 'integer') },
  Entry: { key: one(1, 'string'), value: one(2, 'text') },
  Graph: {
    nodes: many(1, 'Node'),
    name: one(2, 'string'),
    initializers: many(5, 'Tensor'),
    docString: one(10, 'text'),
    inputs: many(11, 'ValueInfo'),
    outputs: many(12, 'ValueInfo'),
    valueInfos: many(13, 'ValueInfo'),
    quantizationAnnotations: many(14, 'TensorAnnotation'),
    sparseInitializers: many(15, 'SparseTensor'),
    metadataProps: many(16, 'Entry'),
  },
  Node: {
    inputs: many(1, 'string'),
    outputs: many(2, 'string'),
    name: one(3, 'string'),
    opType: one(4, 'string'),
    attributes: many(5, 'Attribute'),
    docString: one(6, 'text'),
    domain: one(7, 'string'),
    overload: one(8, 'string'),
    metadataProps: many(9, 'Entry'),
  },
  Attribute: {
    name: one(1, 'string'),
    f: one(2, 'float'),
    i: one(3, 'int64'),
    s: one(4, 'bytes'),
    t: one(5, 'Tensor'),
    g: one(6, 'Graph'),
    floats: many(7, 'float'),
    ints: many(8, 'int64'),
    strings: many(9, 'bytes'),
    tensors: many(10, 'Tensor'),
    graphs: many(11, 'Graph'),
    docString: one(13, 'text'),
    tp: one(14, 'Type'),
    typeProtos: many(15, 'Type'),
    type: one(20, 'int32'),
    refAttrName: one(21, 'string'),
    sparseTensor: one(22, 'SparseTensor'),
    sparseTensors: many(23, 'SparseTensor'),
  },
  Tensor: {
    dims: many(1, 'integer'),
    dataType: one(2, 'int32'),
    segment: one(3, 'Segment'),
    floatData: packed(4, 'float'),
    int32Data: packed(5, 'int32'),
    stringData: many(6, 'bytes'),
    int64Data: packed(7, 'int64'),
    name: one(8, 'string'),
    rawData: one(9, 'bytes'),
    doubleData: packed(10, 'double'),
    uint64Data: packed(11, 'uint64'),
    docString: one(12, 'text'),
    externalData: many(13, 'Entry'),
    dataLocation: one(14, 'int32'),
    metadataProps: many(16, 'Entry'),
  },
  Segment: { begin: one(1, 'int64'), end: one(2, 'int64') },
  SparseTensor: { values: one(1, 'Tensor'), indices: one(2, 'Tensor'), dims: many(3, 'integer') },
  TensorAnnotation: {
    tensorName: one(1, 'string'),
    quantParameterTensorNames: many(2, 'Entry'),
  },
  ValueInfo: {
    name: one(1, 'string'),
    type: one(2, 'Type'),
    docString: one(3, 'text'),
    metadataProps: many(4, 'Entry'),
  },
  Type: {
    tensorType: one(1, 'TensorType'),
    sequenceType: one(4, 'WrappedType'),
    mapType: one(5, 'MapType'),
    denotation: one(6, 'string'),
    opaqueType: one(7, 'OpaqueType'),
    sparseTensorType: one(8, 'TensorType'),
    optionalType: one(9, 'WrappedType'),
  },
  TensorType: { elemType: one(1, 'int32'), shape: one(2, 'Shape') },
  WrappedType: { elemType: one(1, 'Type') },
  MapType: { keyType: one(1, 'int32'), valueType: one(2, 'Type') },
  OpaqueType: { domain: one(1, 'string'), name: one(2, 'string') },
  Shape: { dims: many(1, 'Dimension') },
  Dimension: {
    value: one(1, 'integer'),
    symbol: one(2, 'string'),
    denotation: one(3, 'string'),
  },
  Function: {
    name: one(1, 'string'),
    inputs: many(4, 'string'),
    outputs: many(5, 'string'),
    attributes: many(6, 'string'),
    nodes: many(7, 'Node'),
    docString: one(8, 'text'),
    opsetImports: many(9, 'Opset'),
    domain: one(10, 'string'),
    attributeProtos: many(11, 'Attribute'),
    valueInfos: many(12, 'ValueInfo'),
    overload: one(13, 'string'),
    metadataProps: many(14, 'Entry'),
  },
  TrainingInfo: {
    initialization: one(1, 'Graph'),
    algorithm: one(2, 'Graph'),
    initializationBindings: many(3, 'Entry'),
    updateBindings: many(4, 'Entry'),
  },
};

export interface MessageTypes {
  readonly Model: onnx.OnnxModel;
  readonly Opset: onnx.OnnxOpset;
  readonly Entry: onnx.OnnxEntry;
  readonly Graph: onnx.OnnxGraph;
  readonly Node: onnx.OnnxNode;
  readonly Attribute: onnx.OnnxAttribute;
  readonly Tensor: onnx.OnnxTensor;
  readonly Segment: onnx.OnnxSegment;
  readonly SparseTensor: onnx.OnnxSparseTensor;
  readonly TensorAnnotation: onnx.OnnxTensorAnnotation;
  readonly ValueInfo: onnx.OnnxValueInfo;
  readonly Type: onnx.OnnxType;
  readonly TensorType: onnx.OnnxTensorType;
  readonly WrappedType: onnx.OnnxWrappedType;
  readonly MapType: onnx.OnnxMapType;
  readonly OpaqueType: onnx.OnnxOpaqueType;
  readonly Shape: onnx.OnnxShape;
  readonly Dimension: onnx.OnnxDimension;
  readonly Function: onnx.OnnxFunction;
  readonly TrainingInfo: onnx.OnnxTrainingInfo;
}

export type MessageName = keyof MessageTypes;
export type PackedKind = 'float' | 'double' | 'int32' | 'int64' | 'uint64';
export type ScalarKind = PackedKind | 'string' | 'text' | 'bytes' | 'integer';

export interface Field {
  readonly number: number;
  readonly kind: ScalarKind | MessageName;
  /** `packed` fields are typed arrays, and are written packed as onnx.proto says. */
  readonly cardinality: 'one' | 'many' | 'packed';
}

type Schema = { readonly [M in MessageName]: FieldsOf<MessageTypes[M]> };

type FieldsOf<T> = {
  readonly [K in Exclude<keyof T, 'unknown'>]-?: FieldFor<Exclude<T[K], undefined>>;
};

type FieldFor<V> = V extends Uint8Array
  ? FieldOf<'bytes', 'one'>
  : V extends Float32Array
    ? FieldOf<'float', 'packed'>
    : V extends Float64Array
      ? FieldOf<'double', 'packed'>
      : V extends Int32Array
        ? FieldOf<'int32', 'packed'>
        : V extends BigInt64Array
          ? FieldOf<'int64', 'packed'>
          : V extends BigUint64Array
            ? FieldOf<'uint64', 'packed'>
            : V extends readonly (infer E)[]
              ? FieldOf<KindFor<E>, 'many'>
              : FieldOf<KindFor<V>, 'one'>;

type KindFor<V> = V extends string
  ? 'string' | 'text'
  : V extends number
    ? 'integer' | 'int32' | 'float' | 'double'
    : V extends bigint
      ? 'int64' | 'uint64'
      : V extends Uint8Array
        ? 'bytes'
        : MessageName;

interface FieldOf<K, C> {
  readonly number: number;
  readonly kind: K;
  readonly cardinality: C;
}

function one<K extends ScalarKind | MessageName>(number: number, kind: K): FieldOf<K, 'one'> {
  return { number, kind, cardinality: 'one' };
}

function many<K extends ScalarKind | MessageName>(number: number, kind: K): FieldOf<K, 'many'> {
  return { number, kind, cardinality: 'many' };
}

function packed<K extends PackedKind>(number: number, kind: K): FieldOf<K, 'packed'> {
  return { number, kind, cardinality: 'packed' };
}
