/** The parts one after the other, in a fresh array. O(length). */
export function concatenate(parts: readonly ArrayLike<number>[]): Float64Array<ArrayBuffer> {
  const whole = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
