import { milliseconds, rate } from '../figure-format.ts';
import { describeArmFully } from '../knobs.ts';
import { type ArmResult, highlightOf, type RunView } from '../run-view.ts';
import { isPositive, short } from './chart-spec.ts';
import { ACCENT, ALARM, DOT, INK } from './chart-theme.ts';
import { kindLooks } from './kind-looks.ts';

export type ArmKind = 'default' | 'highlight' | 'meets' | 'breaks';

/** An arm as a point, with what its tooltip says. */
export interface ArmPoint {
  readonly latencyMs: number;
  readonly qps: number;
  readonly kind: ArmKind;
  readonly arm: string;
  readonly throughput: string;
  readonly latency: string;
  readonly trials: number;
}

/** The arms that can be placed on logarithmic axes. */
export function armPoints(view: RunView, arms: readonly ArmResult[]): readonly ArmPoint[] {
  const kindOf = armKinds(view);
  return arms.flatMap((arm) => {
    const latencyMs = arm.latencyMs[view.percentile];
    if (!isPositive(latencyMs) || !isPositive(arm.qps.value)) return [];
    return [
      {
        latencyMs: short(latencyMs),
        qps: short(arm.qps.value),
        kind: kindOf(arm),
        arm: describeArmFully(arm.config, view.baseline?.config),
        throughput: `${rate(arm.qps.value)} samples/s`,
        latency: milliseconds(latencyMs),
        trials: arm.trials,
      },
    ];
  });
}

/** What each arm is to the reader. */
export function armKinds(view: RunView): (arm: ArmResult) => ArmKind {
  const highlightKey = highlightOf(view)?.armKey;
  return (arm) => {
    if (arm.armKey === view.defaultKey) return 'default';
    if (arm.armKey === highlightKey) return 'highlight';
    return arm.broken.length === 0 ? 'meets' : 'breaks';
  };
}

export function isNamed({ kind }: { readonly kind: ArmKind }): boolean {
  return kind === 'default' || kind === 'highlight';
}

/** What an arm of each kind looks like. */
export const ARM_LOOKS = Object.freeze(
  kindLooks<ArmKind>('kind', {
    meets: [DOT, 'circle'],
    breaks: [ALARM, 'triangle-down'],
    default: [INK, 'diamond'],
    highlight: [ACCENT, 'circle'],
  }),
);
