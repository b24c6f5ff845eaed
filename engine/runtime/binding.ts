import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { messageOf, UserError } from '../base/errors.ts';
import type { SessionOptions } from './session-options.ts';
import type { NumericArray, Tensor, TensorData, Tensors, TensorType } from './tensor.ts';

/**
 * The only file that touches onnxruntime-node. Its run() and create() block
 * the calling thread; see `Replica` for what keeps others responsive.
 */
export interface Session {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /**
   * Runs once; inputs are read in place, outputs are fresh buffers. Where `outputs` are given,
   * they are written in place and returned: all of the model's, neither texts nor float16,
   * which the binding would leave as they were. Throws where one has another shape than the
   * run gives; what they hold is undefined then.
   */
  run(feeds: Tensors, outputs?: Tensors): Promise<Tensors>;
  /** Frees the native session. Must not be called while it runs, nor twice. */
  close(): Promise<void>;
}

export interface ValueInfo {
  readonly name: string;
  readonly type: TensorType;
  /** Numbers where fixed, names where symbolic. */
  readonly shape: readonly (number | string)[];
}

type Binding = typeof import('onnxruntime-node');

/** Loads the native library, about 50 ms the first time. */
export async function loadRuntime(): Promise<void> {
  await binding();
}

/** The runtime's version, read without loading its library. */
export function runtimeVersion(): string {
  const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}

/**
 * Creates a session from a file. Throws UserError when the runtime refuses the
 * model (unsupported operator or opset, wrong types) or an option.
 */
export async function createSession(path: string, options: SessionOptions): Promise<Session> {
  const ort = await binding();
  const native = await createNative(ort, path, options);
  return {
    inputs: native.inputMetadata.map(toValueInfo),
    outputs: native.outputMetadata.map(toValueInfo),
    run: async (feeds, outputs) => {
      if (outputs === undefined) return fromNative(await native.run(toNative(ort, feeds)));
      // What the binding returns is a copy of them.
      await native.run(toNative(ort, feeds), toNative(ort, outputs), UNLOGGED);
      return outputs;
    },
    close: () => native.release(),
  };
}

/** Whoever guesses the shapes of outputs runs again where he is wrong: that is no error to log. */
const UNLOGGED = Object.freeze({ logSeverityLevel: 4 as const });

async function createNative(
  ort: Binding,
  path: string,
  options: SessionOptions,
): Promise<import('onnxruntime-node').InferenceSession> {
  try {
    return await ort.InferenceSession.create(path, {
      ...options,
      executionProviders: [...options.executionProviders],
    });
  } catch (thrown) {
    throw new UserError(
      `ONNX Runtime ${runtimeVersion()} cannot load ${path}: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}

let loaded: Promise<Binding> | null = null;

async function binding(): Promise<Binding> {
  // Setting it here is in time only on the main thread, before the first session.
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
  loaded ??= import('onnxruntime-node');
  return loaded;
}

function toNative(
  ort: Binding,
  feeds: Tensors,
): Record<string, import('onnxruntime-node').OnnxValue> {
  const native: Record<string, import('onnxruntime-node').OnnxValue> = {};
  for (const name of Object.keys(feeds)) {
    native[name] = toNativeTensor(ort, feeds[name] as Tensor);
  }
  return native;
}

function toNativeTensor(ort: Binding, tensor: Tensor): import('onnxruntime-node').OnnxValue {
  if (tensor.type === 'float16') {
    // The constructor refuses float16 bits on Node 24; the native side takes this shape.
    const plain: unknown = { ...tensor, location: 'cpu' };
    return plain as import('onnxruntime-node').OnnxValue;
  }
  return new ort.Tensor(tensor.type as 'float32', tensor.data as Float32Array, tensor.dims);
}

function fromNative(
  outputs: import('onnxruntime-node').InferenceSession.OnnxValueMapType,
): Tensors {
  const tensors: Record<string, Tensor> = {};
  for (const name of Object.keys(outputs)) {
    const value = outputs[name] as import('onnxruntime-node').Tensor;
    tensors[name] = {
      type: value.type as TensorType,
      dims: value.dims,
      data: bitsOf(value.data),
    };
  }
  return tensors;
}

/** Float16Array, which Node 24 gives for float16 outputs, becomes its bits. */
function bitsOf(data: NativeData): TensorData {
  if (Array.isArray(data)) return data;
  const numeric: NumericArray = data;
  return numeric.constructor.name === 'Float16Array'
    ? new Uint16Array(numeric.buffer, numeric.byteOffset, numeric.length)
    : numeric;
}

type NativeData = NumericArray | string[];

function toValueInfo(
  metadata: import('onnxruntime-node').InferenceSession.ValueMetadata,
): ValueInfo {
  if (!metadata.isTensor) {
    throw new UserError(`'${metadata.name}' is not a tensor; sequences and maps are not supported`);
  }
  return { name: metadata.name, type: metadata.type as TensorType, shape: metadata.shape };
}
