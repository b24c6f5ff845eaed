import type { Clock } from '../../engine/base/clock.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';

/** What a sensor measures, from the socket on the wall down to one part. */
export type PowerScope = 'package' | 'memory' | 'gpu' | 'board' | 'wall' | 'battery';

/** An energy counter, power sampled now and then, or a model that measures nothing. */
export type PowerQuality = 'counter' | 'sampled' | 'estimated';

/** What a sensor is: it travels with every figure that comes from it. */
export interface SensorLabel {
  /** Stable and readable: `rapl:package-0`, `nvidia:0`, `shelly:http://192.168.1.5?id=0`. */
  readonly id: string;
  /** `rapl hwmon nvidia jetson raspberry-pi-5 battery shelly tasmota estimate` */
  readonly kind: string;
  readonly scope: PowerScope;
  readonly quality: PowerQuality;
  /** Shortest useful time between two reads, ms. */
  readonly intervalMs: number;
  /** Shortest period whose figure can be trusted, ms. */
  readonly leastPeriodMs: number;
}

export interface PowerSensor extends SensorLabel {
  /** One reading. An expected failure is `unavailable`; it never throws for one. */
  read(signal?: AbortSignal): Promise<PowerReading>;
}

export type PowerReading = EnergyReading | WattsReading | UnavailableReading;

export interface EnergyReading {
  readonly state: 'energy';
  /** On the clock's monotonic scale. */
  readonly atMs: number;
  /** Since the sensor was first read; never falls, a wrap is already undone. */
  readonly joules: number;
  /** The hardware's counter began anew: what was used since the reading before is unknown. */
  readonly restarted?: true;
}

export interface WattsReading {
  readonly state: 'power';
  readonly atMs: number;
  readonly watts: number;
}

export interface UnavailableReading {
  readonly state: 'unavailable';
  readonly reason: string;
}

/** A kind of sensor that this machine lacks or does not let us read. */
export interface UnavailableSensor {
  readonly kind: string;
  readonly reason: string;
}

/** What looking for one kind of sensor found. */
export interface FoundSensors {
  readonly sensors: readonly PowerSensor[];
  readonly unavailable: readonly UnavailableSensor[];
}

/** All that a sensor may touch, passed in so that tests can be any machine. */
export interface PowerContext {
  readonly files: SystemFiles;
  readonly clock: Clock;
  /** Runs a program to its end; never rejects. */
  run(
    command: string,
    args: readonly string[],
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<CommandResult>;
  fetch(url: string, options: { readonly signal: AbortSignal }): Promise<Response>;
  /** As `process.platform`. */
  readonly platform: string;
}

export type CommandResult =
  | {
      readonly state: 'ended';
      readonly exitCode: number;
      readonly stdout: string;
      readonly stderr: string;
    }
  /** There is no such program. */
  | { readonly state: 'absent' }
  | { readonly state: 'timeout' }
  | { readonly state: 'aborted' }
  | { readonly state: 'failed'; readonly reason: string };
