import { UsageError } from '../../engine/base/errors.ts';

/** A meter in the network, as the user names it. */
export interface MeterAddress {
  readonly kind: 'shelly' | 'tasmota';
  /** `http://192.168.1.5`, without a slash at the end. */
  readonly origin: string;
  /** Shelly's switch, from 0; Tasmota's channel, from 1. Null: there is one only. */
  readonly channel: number | null;
}

const REMEDY = 'Write shelly://HOST[:PORT][?id=N] or tasmota://HOST[:PORT][?channel=N].';
const PARAMETERS = Object.freeze({ shelly: 'id', tasmota: 'channel' });

/** Reads `shelly://192.168.1.5?id=0` or `tasmota://plug.local`; throws UsageError otherwise. */
export function parseMeterAddress(text: string): MeterAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  const kind = url?.protocol.slice(0, -1);
  if (url === null || (kind !== 'shelly' && kind !== 'tasmota') || url.hostname === '') {
    throw refuse(text, 'it is not the address of a known power meter');
  }
  if (url.username !== '' || url.password !== '') {
    throw refuse(text, 'a password would end up in records; turn authentication off');
  }
  const names = [...url.searchParams.keys()];
  if (names.some((name) => name !== PARAMETERS[kind]) || names.length > 1 || hasPath(url)) {
    throw refuse(text, `it may have ?${PARAMETERS[kind]}=N after the host and nothing else`);
  }
  return { kind, origin: `http://${url.host}`, channel: channelOf(url, text, kind) };
}

function channelOf(url: URL, text: string, kind: MeterAddress['kind']): number | null {
  const name = PARAMETERS[kind];
  const value = url.searchParams.get(name);
  if (value === null) return null;
  const least = kind === 'shelly' ? 0 : 1;
  if (!/^\d{1,2}$/.test(value) || Number(value) < least) {
    throw refuse(text, `${name} must be a whole number from ${least} to 99`);
  }
  return Number(value);
}

function hasPath({ pathname, hash }: URL): boolean {
  return (pathname !== '' && pathname !== '/') || hash !== '';
}

function refuse(text: string, why: string): UsageError {
  return new UsageError(`the power meter ${JSON.stringify(text)} cannot be used: ${why}`, {
    remedy: REMEDY,
  });
}
