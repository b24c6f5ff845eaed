import { describe, expect, it } from 'vitest';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { describeModel } from '../../../engine/graph/describe.ts';
import { readModel } from '../../../engine/graph/read.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { linearModel } from './sample-models.ts';

describe('describeModel', () => {
  it('gives names, versions, inputs, outputs and operators', () => {
    expect(describeModel(readModel(writeModel(linearModel())))).toEqual({
      name: 'linear',
      irVersion: 8,
      opsets: { 'ai.onnx': 17 },
      producer: { name: 'test', version: '1' },
      inputs: [{ name: 'x', elementType: 'float32', dims: ['N', 3] }],
      outputs: [{ name: 'y', elementType: 'float32', dims: ['N', 3] }],
      nodeCount: 2,
      operators: { Gemm: 1, Relu: 1 },
    });
  });

  it('leaves out inputs that have an initializer', () => {
    const builder = new ModelBuilder({ name: 'old', opset: 7, irVersion: 3 });
    builder.input('x', 'float32', [1]);
    builder.input('w', 'float32', [1]);
    builder.initializer('w', { type: 'float32', dims: [1], data: new Float32Array(1) });
    expect(describeModel(builder.build()).inputs.map((input) => input.name)).toEqual(['x']);
  });

  it('says null for unknown dimensions, ranks and types', () => {
    const builder = new ModelBuilder({ name: 'vague', opset: 17 });
    builder.input('a', 'int64', [null, '', -1, 2]);
    builder.input('b', 'string', null);
    const model = builder.build();
    const untyped = { name: 'c', metadataProps: [] };
    const graph = { ...model.graph, inputs: [...model.graph.inputs, untyped] };
    expect(describeModel({ ...model, graph }).inputs).toEqual([
      { name: 'a', elementType: 'int64', dims: [null, null, null, 2] },
      { name: 'b', elementType: 'string', dims: null },
      { name: 'c', elementType: null, dims: null },
    ]);
  });

  it('sorts operators by number and names foreign domains', () => {
    const builder = new ModelBuilder({ name: 'ops', opset: 17, domains: { 'com.microsoft': 1 } });
    builder.node('Gelu', ['x'], { domain: 'com.microsoft' });
    builder.node('Relu', ['x']);
    builder.node('Relu', ['x'], { domain: 'ai.onnx' });
    const { operators, opsets } = describeModel(builder.build());
    expect(Object.entries(operators)).toEqual([
      ['Relu', 2],
      ['com.microsoft.Gelu', 1],
    ]);
    expect(opsets).toEqual({ 'ai.onnx': 17, 'com.microsoft': 1 });
  });
});
