/**
 * An ONNX model in memory: the messages of onnx.proto, with repeated fields in
 * the plural. A singular field that the file does not set is absent; a repeated
 * one is an empty list. Everything is readonly: a rewrite makes new objects.
 *
 * `bytes` (weights above all) are views of the buffer that was read, so that
 * buffer must not change while the model is in use.
 */
interface Preserved {
  /** Fields that the schema does not know, tag included, byte for byte. */
  readonly unknown?: readonly Uint8Array[];
}

export interface OnnxModel extends Preserved {
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly domain?: string;
  readonly modelVersion?: bigint;
  readonly docString?: string;
  readonly graph: OnnxGraph;
  readonly opsetImports: readonly OnnxOpset[];
  readonly metadataProps: readonly OnnxEntry[];
  readonly trainingInfo: readonly OnnxTrainingInfo[];
  readonly functions: readonly OnnxFunction[];
}

export interface OnnxOpset extends Preserved {
  /** Empty or absent means `ai.onnx`. */
  readonly domain?: string;
  readonly version?: number;
}

/** A key and a value (StringStringEntryProto). */
export interface OnnxEntry extends Preserved {
  readonly key?: string;
  readonly value?: string;
}

export interface OnnxGraph extends Preserved {
  readonly nodes: readonly OnnxNode[];
  readonly name?: string;
  readonly initializers: readonly OnnxTensor[];
  readonly docString?: string;
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly valueInfos: readonly OnnxValueInfo[];
  readonly quantizationAnnotations: readonly OnnxTensorAnnotation[];
  readonly sparseInitializers: readonly OnnxSparseTensor[];
  readonly metadataProps: readonly OnnxEntry[];
}

export interface OnnxNode extends Preserved {
  /** Value names; an empty name is an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly opType?: string;
  readonly attributes: readonly OnnxAttribute[];
  readonly docString?: string;
  readonly domain?: string;
  readonly overload?: string;
  readonly metadataProps: readonly OnnxEntry[];
}

export interface OnnxAttribute extends Preserved {
  readonly name?: string;
  readonly f?: number;
  readonly i?: bigint;
  /** UTF-8 by convention, not by force. */
  readonly s?: Uint8Array;
  readonly t?: OnnxTensor;
  readonly g?: OnnxGraph;
  readonly floats: readonly number[];
  readonly ints: readonly bigint[];
  readonly strings: readonly Uint8Array[];
  readonly tensors: readonly OnnxTensor[];
  readonly graphs: readonly OnnxGraph[];
  readonly docString?: string;
  readonly tp?: OnnxType;
  readonly typeProtos: readonly OnnxType[];
  /** See `ATTRIBUTE_TYPES`. */
  readonly type?: number;
  readonly refAttrName?: string;
  readonly sparseTensor?: OnnxSparseTensor;
  readonly sparseTensors: readonly OnnxSparseTensor[];
}

export interface OnnxTensor extends Preserved {
  readonly dims: readonly number[];
  /** See `elementTypeName`. */
  readonly dataType?: number;
  readonly segment?: OnnxSegment;
  readonly floatData: Float32Array;
  readonly int32Data: Int32Array;
  readonly stringData: readonly Uint8Array[];
  readonly int64Data: BigInt64Array;
  readonly name?: string;
  /** Little-endian elements; an unaligned view of the file. */
  readonly rawData?: Uint8Array;
  readonly doubleData: Float64Array;
  readonly uint64Data: BigUint64Array;
  readonly docString?: string;
  readonly externalData: readonly OnnxEntry[];
  readonly dataLocation?: number;
  readonly metadataProps: readonly OnnxEntry[];
}

export interface OnnxSegment extends Preserved {
  readonly begin?: bigint;
  readonly end?: bigint;
}

export interface OnnxSparseTensor extends Preserved {
  readonly values?: OnnxTensor;
  readonly indices?: OnnxTensor;
  readonly dims: readonly number[];
}

export interface OnnxTensorAnnotation extends Preserved {
  readonly tensorName?: string;
  readonly quantParameterTensorNames: readonly OnnxEntry[];
}

export interface OnnxValueInfo extends Preserved {
  readonly name?: string;
  readonly type?: OnnxType;
  readonly docString?: string;
  readonly metadataProps: readonly OnnxEntry[];
}

/** At most one of the `...Type` fields is present. */
export interface OnnxType extends Preserved {
  readonly tensorType?: OnnxTensorType;
  readonly sequenceType?: OnnxWrappedType;
  readonly mapType?: OnnxMapType;
  readonly denotation?: string;
  readonly opaqueType?: OnnxOpaqueType;
  readonly sparseTensorType?: OnnxTensorType;
  readonly optionalType?: OnnxWrappedType;
}

export interface OnnxTensorType extends Preserved {
  readonly elemType?: number;
  /** Absent: the rank is unknown. */
  readonly shape?: OnnxShape;
}

export interface OnnxWrappedType extends Preserved {
  readonly elemType?: OnnxType;
}

export interface OnnxMapType extends Preserved {
  readonly keyType?: number;
  readonly valueType?: OnnxType;
}

export interface OnnxOpaqueType extends Preserved {
  readonly domain?: string;
  readonly name?: string;
}

export interface OnnxShape extends Preserved {
  readonly dims: readonly OnnxDimension[];
}

/** At most one of `value` and `symbol`; neither means unknown. */
export interface OnnxDimension extends Preserved {
  readonly value?: number;
  readonly symbol?: string;
  readonly denotation?: string;
}

export interface OnnxFunction extends Preserved {
  readonly name?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  readonly nodes: readonly OnnxNode[];
  readonly docString?: string;
  readonly opsetImports: readonly OnnxOpset[];
  readonly domain?: string;
  readonly attributeProtos: readonly OnnxAttribute[];
  readonly valueInfos: readonly OnnxValueInfo[];
  readonly overload?: string;
  readonly metadataProps: readonly OnnxEntry[];
}

export interface OnnxTrainingInfo extends Preserved {
  readonly initialization?: OnnxGraph;
  readonly algorithm?: OnnxGraph;
  readonly initializationBindings: readonly OnnxEntry[];
  readonly updateBindings: readonly OnnxEntry[];
}
