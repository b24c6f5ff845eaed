import { randomBytes } from 'node:crypto';

/** `20261122-110503-inspection-9f3a`: sorts by time, says what it is, never collides. */
export function runName(createdAt: string, model: string): string {
  const stamp = createdAt.replace(/\..*$/, '').replace(/[-:]/g, '').replace('T', '-');
  const name = model
    .replace(/\.onnx$/i, '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .slice(0, 32);
  return `${stamp}-${name}-${randomBytes(2).toString('hex')}`;
}
