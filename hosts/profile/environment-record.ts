import { z } from 'zod';
import { knownSchema } from './known.ts';

const pressureSchema = z
  .strictObject({
    /** Microseconds since the start during which at least one task waited. */
    someUs: z.number(),
    /** The same for all tasks at once; null for a CPU before Linux 5.13, which has no such line. */
    fullUs: z.number().nullable(),
  })
  .readonly();

const pressuresSchema = z
  .strictObject({
    cpu: knownSchema(pressureSchema),
    memory: knownSchema(pressureSchema),
    io: knownSchema(pressureSchema),
  })
  .readonly();

const cpuStateSchema = z
  .strictObject({
    microcode: knownSchema(z.string()),
    /** Of the usable cores; `mixed: performance, powersave` where they differ. */
    governor: knownSchema(z.string()),
    scalingDriver: knownSchema(z.string()),
    /** One figure a usable core, in their order. */
    frequenciesMhz: knownSchema(z.array(z.number()).readonly()),
    boost: knownSchema(z.boolean()),
    smt: knownSchema(z.boolean()),
    numaNodes: knownSchema(z.int()),
    /** Lists such as `0-3,8`; an empty one is known too: no core is isolated. */
    onlineCores: knownSchema(z.string()),
    isolatedCores: knownSchema(z.string()),
    affinity: knownSchema(z.string()),
  })
  .readonly();

const controlGroupSchema = z
  .strictObject({
    /** Of the hierarchy that controls the CPU. */
    version: knownSchema(z.union([z.literal(1), z.literal(2)])),
    /** Null: no limit. The tightest of this group and its ancestors. */
    quotaCores: knownSchema(z.number().nullable()),
    /** Summed over this group and its ancestors: each may be throttled by its own quota. */
    throttling: knownSchema(
      z
        .strictObject({
          periods: z.number(),
          throttledPeriods: z.number(),
          throttledUs: z.number(),
        })
        .readonly(),
    ),
    /** Null: no limit. */
    memoryLimitBytes: knownSchema(z.number().nullable()),
    pressure: pressuresSchema,
  })
  .readonly();

const ticksSchema = z
  .strictObject({ total: z.number(), busy: z.number(), steal: z.number() })
  .readonly();

/** What may differ from one trial to the next on one machine. Counters run since it started. */
export const hostEnvironmentSchema = z
  .strictObject({
    /** Wall time of the reading, ISO 8601. */
    takenAt: z.string(),
    cpu: cpuStateSchema,
    controlGroup: controlGroupSchema,
    /** Of the machine; a container sees that of its host. */
    pressure: pressuresSchema,
    /** CPU time of all cores in ticks; `busy` is without idle and waiting for disks. */
    ticks: knownSchema(ticksSchema),
    /** A signal rather than a count: cores that share a package each count its events. */
    thermalThrottles: knownSchema(z.number()),
    hottest: knownSchema(z.strictObject({ name: z.string(), celsius: z.number() }).readonly()),
    /** Runnable tasks, averaged over 1, 5 and 15 minutes. */
    loadAverage: knownSchema(z.tuple([z.number(), z.number(), z.number()]).readonly()),
    swapUsedBytes: knownSchema(z.number()),
    /** The name of the hypervisor, or `unnamed`; null on bare metal. */
    hypervisor: knownSchema(z.string().nullable()),
    /** Null: no sign of a container. */
    container: knownSchema(z.string().nullable()),
  })
  .readonly();

export type HostEnvironment = z.infer<typeof hostEnvironmentSchema>;
export type CpuState = HostEnvironment['cpu'];
export type ControlGroupState = HostEnvironment['controlGroup'];
export type Pressures = HostEnvironment['pressure'];
export type PressureTotals = z.infer<typeof pressureSchema>;
export type CpuTicks = z.infer<typeof ticksSchema>;
