import { expect, test } from 'vitest';
import {
  kernelEvents,
  tensorBytes,
} from '../../../../engine/artifacts/session-memory/kernel-events.ts';
import { UserError } from '../../../../engine/base/errors.ts';

/** As ONNX Runtime 1.30 writes it, what nobody reads left out. */
const CONV = {
  cat: 'Node',
  name: 'observed:3_kernel_time',
  args: {
    op_name: 'Conv',
    node_index: '78',
    output_type_shape: [{ float: [1, 16, 32, 32] }],
    mem_bytes_in_use: '74088',
    mem_in_use_delta: '65536',
    mem_in_use_peak: '74088',
    mem_arena_held: '1057128',
  },
};

test('a kernel tells its node, its outputs and how the arena stands', () => {
  expect(
    kernelEvents([{ cat: 'Session', name: 'session_initialization', args: {} }, CONV]),
  ).toEqual([
    {
      node: 'observed:3',
      operator: 'Conv',
      outputs: [{ type: 'float', dims: [1, 16, 32, 32] }],
      arena: { inUseBytes: 74_088, addedBytes: 65_536, peakBytes: 74_088, heldBytes: 1_057_128 },
    },
  ]);
});

test('events that are no kernels are passed over', () => {
  const others = [
    { cat: 'Node', name: 'observed:3_fence_before', args: { op_name: 'Conv' } },
    { cat: 'Session', name: 'model_run', args: {} },
  ];
  expect(kernelEvents(others)).toEqual([]);
});

test('a build that tells nothing of the arena is believed without', () => {
  const [event] = kernelEvents([{ ...CONV, args: { op_name: 'Relu' } }]);
  expect(event).toEqual({ node: 'observed:3', operator: 'Relu', outputs: [], arena: null });
});

test('a profile of another form is refused', () => {
  expect(() => kernelEvents({ traceEvents: [] })).toThrow(UserError);
  expect(() => kernelEvents([{ ...CONV, args: {} }])).toThrow('op_name');
});

test('bytes of a tensor follow from its type', () => {
  expect(tensorBytes('float', [2, 3])).toBe(24);
  expect(tensorBytes('int64', [])).toBe(8);
  expect(tensorBytes('uint8', [5])).toBe(5);
  expect(tensorBytes('float16', [4, 0])).toBe(0);
  expect(tensorBytes('something new', [7])).toBe(0);
});
