import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../engine/base/errors.ts';
import { parseMeterAddress } from '../../../hosts/power/meter-address.ts';

describe('parseMeterAddress', () => {
  it.each([
    ['shelly://192.168.1.5', 'shelly', 'http://192.168.1.5', null],
    ['shelly://192.168.1.5?id=2', 'shelly', 'http://192.168.1.5', 2],
    ['shelly://plug.local:8080/?id=0', 'shelly', 'http://plug.local:8080', 0],
    ['tasmota://[fe80::1]', 'tasmota', 'http://[fe80::1]', null],
    ['tasmota://plug?channel=2', 'tasmota', 'http://plug', 2],
  ])('reads %s', (text, kind, origin, channel) => {
    expect(parseMeterAddress(text)).toEqual({ kind, origin, channel });
  });
  it.each([
    ['', /not the address/],
    ['192.168.1.5', /not the address/],
    ['http://192.168.1.5', /not the address/],
    ['shelly://', /not the address/],
    ['shelly:192.168.1.5', /not the address/],
    ['shelly://admin:secret@plug', /password/],
    ['shelly://plug?id=-1', /whole number from 0/],
    ['shelly://plug?id=', /whole number from 0/],
    ['tasmota://plug?channel=0', /whole number from 1/],
    ['shelly://plug?channel=1', /nothing else/],
    ['shelly://plug?id=0&id=1', /nothing else/],
    ['shelly://plug/rpc', /nothing else/],
    ['tasmota://plug#1', /nothing else/],
  ])('refuses %j, names it and the right form', (text, words) => {
    const refusal = refusalOf(text);
    expect(refusal).toBeInstanceOf(UsageError);
    expect(refusal).toMatchObject({
      exitCode: 2,
      remedy: expect.stringContaining('shelly://HOST') as string,
    });
    expect((refusal as UsageError).message).toContain(JSON.stringify(text));
    expect((refusal as UsageError).message).toMatch(words);
  });
});

function refusalOf(text: string): unknown {
  try {
    return parseMeterAddress(text);
  } catch (thrown) {
    return thrown;
  }
}
