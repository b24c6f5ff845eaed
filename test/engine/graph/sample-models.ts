import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { createTensor } from '../../../engine/graph/create-tensor.ts';
import type { OnnxFunction, OnnxGraph, OnnxModel } from '../../../engine/graph/model.ts';

/** y = relu(x w + b) with x [N,3], w the identity times two, b = [-1, 0, 1]. */
export function linearModel(): OnnxModel {
  const builder = new ModelBuilder({
    name: 'linear',
    opset: 17,
    producer: { name: 'test', version: '1' },
  });
  const x = builder.input('x', 'float32', ['N', 3]);
  const w = builder.initializer('w', {
    type: 'float32',
    dims: [3, 3],
    data: new Float32Array([2, 0, 0, 0, 2, 0, 0, 0, 2]),
  });
  const b = builder.initializer('b', {
    type: 'float32',
    dims: [3],
    data: new Float32Array([-1, 0, 1]),
  });
  const sum = builder.node('Gemm', [x, w, b], {
    name: 'gemm',
    attributes: { alpha: { float: 1 } },
  });
  builder.node('Relu', [sum], { name: 'relu', outputs: ['y'] });
  builder.output('y', 'float32', ['N', 3]);
  return builder.build();
}

function branch(name: string, value: number): OnnxGraph {
  const builder = new ModelBuilder({ name, opset: 17 });
  builder.node('Constant', [], {
    outputs: [`${name}_y`],
    attributes: {
      value: {
        tensor: createTensor('', { type: 'float32', dims: [1], data: new Float32Array([value]) }),
      },
    },
  });
  builder.output(`${name}_y`, 'float32', [1]);
  return builder.buildGraph();
}

/** y = double(flag ? 3 : 5), with a subgraph each and a local function `test.double`. */
export function branchingModel(): OnnxModel {
  const builder = new ModelBuilder({ name: 'branching', opset: 17, domains: { test: 1 } });
  const flag = builder.input('flag', 'bool', [1]);
  const chosen = builder.node('If', [flag], {
    attributes: {
      then_branch: { graph: branch('yes', 3) },
      else_branch: { graph: branch('no', 5) },
    },
  });
  builder.node('double', [chosen], { domain: 'test', outputs: ['y'] });
  builder.output('y', 'float32', [1]);
  return { ...builder.build(), functions: [doubleFunction()] };
}

function doubleFunction(): OnnxFunction {
  const body = new ModelBuilder({ name: 'body', opset: 17 });
  body.node('Add', ['a', 'a'], { outputs: ['b'] });
  return {
    name: 'double',
    domain: 'test',
    inputs: ['a'],
    outputs: ['b'],
    attributes: [],
    attributeProtos: [],
    nodes: body.buildGraph().nodes,
    opsetImports: [{ domain: '', version: 17 }],
    valueInfos: [],
    metadataProps: [],
  };
}
