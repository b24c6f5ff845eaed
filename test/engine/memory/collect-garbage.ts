import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects garbage until finalizers have told; at most 5 s. */
export async function collectUntil(isTold: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 500 && !isTold(); round += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
