import type { NoiseRecord } from '../suites/comparison/noise-floor.ts';
import type { HostProfile } from '../hosts/host-profile.ts';
import type { SensorLabel, UnavailableSensor } from '../hosts/power/power-sensor.ts';
import type { Advice } from '../hosts/profile/advice.ts';
import type { Capability } from '../hosts/profile/capabilities.ts';
import type { EnvironmentChange } from '../hosts/profile/environment-change.ts';
import type { HostEnvironment } from '../hosts/profile/environment-record.ts';

/** The document of `claw host --json`. */
export interface HostReport {
  readonly schema: 'openclaw.host/1';
  readonly profile: HostProfile;
  readonly environment: HostEnvironment;
  /** What the machine did during half a second in which we did nothing. */
  readonly recent: EnvironmentChange;
  readonly capabilities: readonly Capability[];
  /** Sensors of power and energy that work now. */
  readonly sensors: readonly Pick<SensorLabel, 'id' | 'kind' | 'scope' | 'quality'>[];
  readonly missingSensors: readonly UnavailableSensor[];
  /** Of the last probe; null when none was made on this host. */
  readonly noise: NoiseRecord | null;
  readonly advice: readonly Advice[];
}
