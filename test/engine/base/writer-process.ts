import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf, UserError } from '../../../engine/base/errors.ts';
import { writeFileAtomic, writeFolderAtomic } from '../../../engine/base/files.ts';

/**
 * A process that writes as its arguments say and prints what came of it as JSON:
 * `file PATH SIZE`, `folder PATH SIZE`, or `meet PATH TEXT`, a folder that is
 * filled, then held until a line arrives on the standard input. Running as root
 * it becomes nobody first when CLAW_TEST_NOBODY is set: root is never refused.
 */
export interface WriterReport {
  readonly message: string | null;
  readonly remedy: string | null;
  readonly causeCode: string | null;
}

if (process.env['CLAW_TEST_NOBODY'] === '1' && process.getuid?.() === 0) process.setuid?.(65534);

const [kind = '', path = '', argument = ''] = process.argv.slice(2);
try {
  await write();
  report({ message: null, remedy: null, causeCode: null });
} catch (thrown) {
  const error = thrown instanceof UserError ? thrown : null;
  report({
    message: `${error === null ? 'not a UserError: ' : ''}${messageOf(thrown)}`,
    remedy: error?.remedy ?? null,
    causeCode: codeOf(error?.cause) ?? null,
  });
}

async function write(): Promise<void> {
  switch (kind) {
    case 'file':
      return writeFileAtomic(path, new Uint8Array(Number(argument)));
    case 'folder':
      return writeFolderAtomic(path, (folder) =>
        writeFileAtomic(join(folder, 'part.bin'), new Uint8Array(Number(argument))),
      );
    case 'meet':
      return writeFolderAtomic(path, async (folder) => {
        await writeFile(join(folder, 'one'), argument);
        await writeFile(join(folder, 'two'), argument);
        process.stdout.write('filled\n');
        await new Promise((resolve) => process.stdin.once('data', resolve));
      });
    default:
      throw new Error(`cannot write '${kind}'`);
  }
}

function report(outcome: WriterReport): void {
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
  process.stdin.destroy();
}
