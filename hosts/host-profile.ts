import { z } from 'zod';

export const hostProfileSchema = z.strictObject({
  /** Hash of the stable facts below: the same machine has the same key tomorrow. */
  key: z.string(),
  name: z.string(),
  cpu: z.string(),
  architecture: z.string(),
  /** Vector and matrix instructions that matter to inference, such as `avx512_vnni`. */
  isa: z.array(z.string()),
  /** Cores that the machine has. */
  cores: z.int(),
  /** Cores that may be used: affinity mask and container quota applied. */
  usableCores: z.int(),
  memoryBytes: z.number(),
  os: z.string(),
  kernel: z.string(),
});

/** What a machine is. The key leaves out the name, the kernel and the quota. */
export type HostProfile = Readonly<z.infer<typeof hostProfileSchema>>;
