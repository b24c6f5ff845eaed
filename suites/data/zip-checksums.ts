/**
 * CRC-32 of each member of a zip archive, by name, as its central directory
 * gives them: fflate does not check them, and a stored array with a flipped bit
 * would pass for data. Offsets are those of PKWARE's APPNOTE 4.3.12 and 4.3.16.
 * A directory that cannot be followed (zip64) yields what was read up to there.
 */
export function zipChecksums(zip: Uint8Array): ReadonlyMap<string, number> {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const checksums = new Map<string, number>();
  const end = endOfDirectory(view);
  if (end === null) return checksums;
  let offset = view.getUint32(end + 16, true);
  while (offset + 46 <= end && view.getUint32(offset, true) === MEMBER) {
    const isUtf8 = (view.getUint16(offset + 8, true) & 0x800) !== 0;
    const nameEnd = offset + 46 + view.getUint16(offset + 28, true);
    const name = new TextDecoder(isUtf8 ? 'utf-8' : 'latin1').decode(
      zip.subarray(offset + 46, nameEnd),
    );
    checksums.set(name, view.getUint32(offset + 16, true));
    offset = nameEnd + view.getUint16(offset + 30, true) + view.getUint16(offset + 32, true);
  }
  return checksums;
}

const MEMBER = 0x02014b50;
const END = 0x06054b50;
/** The end record has 22 bytes and a comment of at most 65,535. */
const MAX_END_BYTES = 22 + 65_535;

function endOfDirectory(view: DataView): number | null {
  const first = Math.max(0, view.byteLength - MAX_END_BYTES);
  for (let offset = view.byteLength - 22; offset >= first; offset -= 1) {
    if (view.getUint32(offset, true) === END) return offset;
  }
  return null;
}
