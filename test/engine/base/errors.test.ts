import { describe, expect, it } from 'vitest';
import {
  codeOf,
  messageOf,
  unreachable,
  UsageError,
  UserError,
} from '../../../engine/base/errors.ts';

describe('UserError', () => {
  it('fails with exit code 1 and without a remedy unless told otherwise', () => {
    const error = new UserError('the disk is full');
    expect(error).toMatchObject({ name: 'UserError', message: 'the disk is full', exitCode: 1 });
    expect(error.remedy).toBeUndefined();
    expect(error).toBeInstanceOf(Error);
  });

  it('carries the remedy, the exit code and the cause', () => {
    const cause = new Error('ENOSPC');
    const error = new UserError('it failed', { exitCode: 4, remedy: 'free some space', cause });
    expect(error).toMatchObject({ exitCode: 4, remedy: 'free some space', cause });
  });

  it('has no cause property when there is none, so that nothing is printed for it', () => {
    expect(Object.hasOwn(new UserError('it failed'), 'cause')).toBe(false);
  });
});

describe('UsageError', () => {
  it('is a UserError with exit code 2', () => {
    const error = new UsageError('unknown option', { remedy: 'see --help', cause: 'typed' });
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      name: 'UsageError',
      exitCode: 2,
      remedy: 'see --help',
      cause: 'typed',
    });
  });
});

describe('messageOf', () => {
  it.each([
    [new Error('boom'), 'boom'],
    ['boom', 'boom'],
    [42, '42'],
    [undefined, 'undefined'],
    [null, 'null'],
  ])('gives the text of %o', (thrown, text) => {
    expect(messageOf(thrown)).toBe(text);
  });
});

describe('codeOf', () => {
  it('gives the code of a system error', () => {
    expect(codeOf(Object.assign(new Error('no'), { code: 'ENOENT' }))).toBe('ENOENT');
  });

  it.each([[new Error('no')], [{ code: 5 }], ['ENOENT'], [null], [undefined]])(
    'gives nothing for %o',
    (thrown) => {
      expect(codeOf(thrown)).toBeUndefined();
    },
  );
});

describe('unreachable', () => {
  it('throws and shows the value', () => {
    expect(() => unreachable({ kind: 'new' } as never)).toThrow('unexpected value: {"kind":"new"}');
  });
});
