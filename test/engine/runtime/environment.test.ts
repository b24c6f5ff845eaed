import { expect, test } from 'vitest';
import { applyRuntimeEnvironment } from '../../../engine/runtime/environment.ts';

test('telemetry is off and nothing overrides a config', () => {
  const environment = {
    ORT_DISABLE_TELEMETRY: '0',
    ORT_LOAD_CONFIG_FROM_MODEL: '1',
    ORT_INTRA_OP_NUM_THREADS: '7',
    PATH: '/bin',
  };
  applyRuntimeEnvironment(environment);
  expect(environment).toEqual({ ORT_DISABLE_TELEMETRY: '1', PATH: '/bin' });
});
