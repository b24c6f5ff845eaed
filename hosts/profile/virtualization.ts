import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { known, unavailable, type Known } from './known.ts';

/** The hypervisor's name, or null on bare metal. x86 has a flag for it; ARM says it by name only. */
export function readHypervisor(files: SystemFiles): Known<string | null> {
  const info = files.read('/proc/cpuinfo');
  if (info === null) return unavailable('the system has no /proc/cpuinfo');
  const flags = /^flags\s*:(.*)$/m.exec(info)?.[1]?.split(' ');
  const name = hypervisorName(files);
  if (flags !== undefined) return known(flags.includes('hypervisor') ? (name ?? 'unnamed') : null);
  if (name !== null) return known(name);
  const isBoard = deviceTreeModel(files) !== undefined;
  return isBoard
    ? known(null)
    : unavailable('this processor has no sign for it, and no name tells');
}

/** What firmware and kernels are known to say inside of virtual machines. */
const VIRTUAL_PRODUCTS =
  /QEMU|KVM|VMware|VirtualBox|Virtual Machine|Bochs|Google Compute|Firecracker|OpenStack|Parallels/i;

function hypervisorName(files: SystemFiles): string | null {
  const type = files.read('/sys/hypervisor/type')?.trim();
  if (type !== undefined && type !== '') return type;
  const vendor = files.read('/sys/class/dmi/id/sys_vendor')?.trim() ?? '';
  const product = files.read('/sys/class/dmi/id/product_name')?.trim() ?? '';
  const firmware = `${vendor} ${product}`.trim();
  if (VIRTUAL_PRODUCTS.test(firmware)) return firmware;
  // Amazon's own machines without a hypervisor are called so: m7g.metal.
  if (vendor === 'Amazon EC2' && !product.includes('.metal')) return firmware;
  return /dummy-virt/.test(deviceTreeModel(files) ?? '') ? 'QEMU' : null;
}

/** Ends with a zero byte. */
function deviceTreeModel(files: SystemFiles): string | undefined {
  return files.read('/proc/device-tree/model')?.replaceAll('\0', '').trim();
}

/** The kind of container, or null where there is no sign of one. */
export function readContainer(files: SystemFiles): Known<string | null> {
  const named = files.read('/run/systemd/container')?.trim();
  if (named !== undefined && named !== '') return known(named);
  if (files.probe('/.dockerenv').state === 'read') return known('docker');
  if (files.probe('/run/.containerenv').state === 'read') return known('podman');
  const groups = files.read('/proc/1/cgroup') ?? files.read('/proc/self/cgroup');
  if (groups === null) return unavailable('the system has no control groups');
  return known(/docker|kubepods|lxc|containerd|libpod/.exec(groups)?.[0] ?? null);
}
