/**
 * Hints that something happened in a folder: the system's own, evened out by chokidar. Only a reason to look sooner;
 * the truth is the look. Owns what it listens to; a folder that cannot be listened to is looked at when it is due.
 */
import { watch } from 'chokidar'
import type { FSWatcher } from 'chokidar'
import { specOfWatch } from '../../store/watches.ts'
import type { WatchRow } from '../../store/watches.ts'

/** Listening costs memory for every file, so large folders and many folders go without. */
const MOST_FILES = 5_000
const MOST_FOLDERS = 64
const DEEPEST = 16

export class FolderHints {
  readonly #tell: (watchId: string) => void
  readonly #listening = new Map<string, { spec: string; watcher: FSWatcher }>()
  #closing: Promise<void>[] = []

  constructor(tell: (watchId: string) => void) {
    this.#tell = tell
  }

  follow(rows: readonly WatchRow[]): void {
    const wanted = new Map(rows.filter(isFolder).map(row => [row.id, row]))
    for (const [id, { spec, watcher }] of this.#listening) {
      if (wanted.get(id)?.spec === spec) continue
      this.#listening.delete(id)
      this.#closing.push(watcher.close())
    }
    for (const row of wanted.values()) {
      if (this.#listening.size >= MOST_FOLDERS) return
      if (!this.#listening.has(row.id)) this.#listen(row)
    }
  }

  async close(): Promise<void> {
    for (const { watcher } of this.#listening.values()) this.#closing.push(watcher.close())
    this.#listening.clear()
    await Promise.all(this.#closing.splice(0))
  }

  #listen(row: WatchRow): void {
    const spec = specOfWatch(row)
    if (spec.kind !== 'files') return
    const watcher = watch(spec.folder, {
      ignoreInitial: true,
      followSymlinks: false,
      ignorePermissionErrors: true,
      depth: spec.recursive ? DEEPEST : 0,
      persistent: false,
    })
    const tell = () => {
      this.#tell(row.id)
    }
    watcher.on('all', tell)
    // Where listening fails, the folder is looked at when it is due.
    watcher.on('error', tell)
    this.#listening.set(row.id, { spec: row.spec, watcher })
  }
}

function isFolder(row: WatchRow): boolean {
  return specOfWatch(row).kind === 'files' && (row.saw ?? 0) <= MOST_FILES
}
