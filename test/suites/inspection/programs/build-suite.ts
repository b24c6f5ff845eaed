/** `node build-suite.ts FOLDER`: builds the suite there, and prints what it built as JSON. */
import { inspectionSuite } from '../../../../suites/inspection/inspection-suite.ts';

const [folder = ''] = process.argv.slice(2);
const { signal } = new AbortController();
const built = await inspectionSuite.build({ folder, signal, onProgress: () => undefined });
process.stdout.write(JSON.stringify(built));
