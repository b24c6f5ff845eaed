import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { readLabel } from './sensor-file.ts';

export interface HwmonFolder {
  /** Holds the attributes: `power1_input` and the like. */
  readonly path: string;
  /** The driver's name for the chip: the number in `hwmon3` changes from boot to boot. */
  readonly name: string;
  /** The PCI address (`0000:03:00.0`) where there is one, else the place among its namesakes. */
  readonly place: string;
}

const ROOT = '/sys/class/hwmon';

/** The hardware monitors of Linux (hwmon/sysfs-interface). */
export function hwmonFolders(files: SystemFiles): readonly HwmonFolder[] {
  const seen = new Map<string, number>();
  return files.list(ROOT).flatMap((entry) => {
    const folder = namedFolder(files, `${ROOT}/${entry}`);
    if (folder === null) return [];
    const count = seen.get(folder.name) ?? 0;
    seen.set(folder.name, count + 1);
    return [{ ...folder, place: pciAddress(files, `${ROOT}/${entry}`) ?? String(count) }];
  });
}

/** Old drivers (ACPI's power meter is one) keep name and attributes in the device's folder. */
function namedFolder(files: SystemFiles, folder: string): { path: string; name: string } | null {
  for (const path of [folder, `${folder}/device`]) {
    const name = readLabel(files, `${path}/name`);
    if (name !== '') return { path, name };
  }
  return null;
}

function pciAddress(files: SystemFiles, folder: string): string | undefined {
  return /^PCI_SLOT_NAME=(\S+)$/m.exec(files.read(`${folder}/device/uevent`) ?? '')?.[1];
}
