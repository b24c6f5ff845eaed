import { ACCENT, ALARM, DOT } from '../charts/chart-theme.ts';
import { type LinearAxis, linearAxis } from '../charts/linear-axis.ts';
import { kindLooks } from '../charts/kind-looks.ts';
import type { NightStatus } from './trend-view.ts';

/** What the layers of a trend share. */

export const STATUS_LOOKS = Object.freeze(
  kindLooks<NightStatus>('status', {
    ok: [ACCENT, 'circle'],
    regressed: [ALARM, 'triangle-down'],
    inconclusive: [DOT, 'square'],
    invalid: [DOT, 'square'],
  }),
);

export function ratioAxis(domain: [number, number]): LinearAxis {
  return linearAxis('ratio', {
    title: 'times the control (more is better)',
    domain,
    format: '~r',
    tickCount: 5,
  });
}
