import { interruptible } from '../../../cli/interruption.ts';
import { messageOf } from '../../../engine/base/errors.ts';
import type { ExportFile } from '../../../tuner/export/export-target.ts';
import { writeExport } from '../../../tuner/export/write-export.ts';

// A process that exports: `exporter.ts FOLDER TEXT [PIPE]` writes TEXT to each of its files. With
// a PIPE it copies that last, and so stands in the middle of its work until the test writes to it.

export const FILE_COUNT = 20;

if (import.meta.main) {
  const [folder = '', text = '', pipe] = process.argv.slice(2);
  const files: ExportFile[] = Array.from({ length: FILE_COUNT }, (_, index) => ({
    path: `node/${index}.txt`,
    text,
  }));
  if (pipe !== undefined) files.push({ path: 'node/model.onnx', copyOf: pipe });
  try {
    process.exitCode = await interruptible('stopped', async ({ signal }) => {
      await writeExport(folder, files, { force: false, signal });
      return 0;
    });
  } catch (thrown) {
    process.stderr.write(`${messageOf(thrown)}\n`);
    process.exitCode = 1;
  }
}
