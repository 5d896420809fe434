/**
 * Anchor: one folder held fast, so that what is done in it happens in the very folder that was looked at, whatever
 * is renamed or linked meanwhile. On Linux it holds the folder's handle and reaches its entries through
 * `/proc/self/fd`, which no later swap can redirect; elsewhere it remembers the folder's identity and compares it
 * before every use and after every opening.
 * Owns its handle until `close`. Does not know contracts or policy; follows no symbolic link, ever.
 */
import { constants, existsSync, type BigIntStats } from 'node:fs'
import * as fs from 'node:fs/promises'
import path from 'node:path'
import { codeOf, isAbsent, notAFolder, notPermitted, reject, type Clause } from './failures.ts'

export type AnchorMode = 'handles' | 'paths'

/** Places in an operation that a test may stop at, or swap something at. */
export type FilePoint =
  | 'granted'
  | 'checked'
  | 'folder-made'
  | 'part-written'
  | 'temp-written'
  | 'linked'
  | 'renamed'
  | 'placed'
  | 'source-removed'
  | 'appended'
  | 'unlinked'
  | 'cut-off'

export interface AnchorSettings {
  readonly mode: AnchorMode
  /** The clause a refusal names. */
  readonly clause: Clause
  readonly reached: (point: FilePoint) => Promise<void>
}

export interface OpenFile {
  handle: fs.FileHandle
  stat: BigIntStats
}

const isWindows = process.platform === 'win32'
const NO_FOLLOW = isWindows ? 0 : constants.O_NOFOLLOW
const NO_BLOCK = isWindows ? 0 : constants.O_NONBLOCK
const FOLDER_ONLY = isWindows ? 0 : constants.O_DIRECTORY

/** proc, sysfs, debugfs, tracefs, securityfs, cgroup, cgroup2, bpf, configfs, selinux, devpts, pstore, efivarfs. */
const SYSTEM_TYPES = new Set([
  0x9fa0, 0x62656572, 0x64626720, 0x74726163, 0x73636673, 0x27e0eb, 0x63677270, 0xcafe4a11, 0x62656570,
  0xf97cff8c, 0x1cd1, 0x6165676c, 0xde5e81e4,
])

export const defaultMode: AnchorMode =
  process.platform === 'linux' && existsSync('/proc/self/fd') ? 'handles' : 'paths'

export class Anchor {
  /** The real path at the time of opening. */
  readonly real: string
  /** The path as the user knows it, for messages. */
  readonly shown: string
  readonly device: bigint
  readonly inode: bigint
  readonly #settings: AnchorSettings
  readonly #handle: fs.FileHandle | null

  private constructor(
    place: { real: string; shown: string },
    stat: BigIntStats,
    handle: fs.FileHandle | null,
    settings: AnchorSettings,
  ) {
    this.real = place.real
    this.shown = place.shown
    this.device = stat.dev
    this.inode = stat.ino
    this.#handle = handle
    this.#settings = settings
  }

  /** Opens a folder by a path in which every link was resolved a moment ago; refused when that changed since. */
  static async open(real: string, shown: string, settings: AnchorSettings): Promise<Anchor> {
    const anchor = await Anchor.#hold(real, { real, shown }, settings)
    try {
      if ((await anchor.#whereabouts()) !== real) anchor.#moved()
      await anchor.#refuseSystemFolder()
      return anchor
    } catch (error) {
      await anchor.close()
      throw error
    }
  }

  static async #hold(
    reach: string,
    place: { real: string; shown: string },
    settings: AnchorSettings,
  ): Promise<Anchor> {
    if (settings.mode === 'paths') {
      const stat = await fs.lstat(reach, { bigint: true })
      refuseLink(stat, place.shown, settings.clause)
      if (!stat.isDirectory()) notAFolder(place.shown)
      return new Anchor(place, stat, null, settings)
    }
    const handle = await fs.open(reach, constants.O_RDONLY | FOLDER_ONLY | NO_FOLLOW)
    try {
      return new Anchor(place, await handle.stat({ bigint: true }), handle, settings)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** The folder of that name in this one; null when there is none. */
  async folder(name: string): Promise<Anchor | null> {
    const place = { real: path.join(this.real, name), shown: path.join(this.shown, name) }
    const stat = await this.lstat(name)
    if (stat === null) return null
    refuseLink(stat, place.shown, this.#settings.clause)
    if (!stat.isDirectory()) notAFolder(place.shown)
    await this.#settings.reached('checked')
    const child = await Anchor.#hold(await this.#reach(name), place, this.#settings).catch(
      (error: unknown) => {
        if (isAbsent(error)) return null
        if (codeOf(error) === 'ENOTDIR' || codeOf(error) === 'ELOOP') this.#moved()
        throw error
      },
    )
    if (child === null) return null
    try {
      if (child.inode !== stat.ino || child.device !== stat.dev) this.#moved()
      if (child.device !== this.device) await child.#refuseSystemFolder()
      return child
    } catch (error) {
      await child.close()
      throw error
    }
  }

  /** What is there, links not followed; null when nothing is. */
  async lstat(name: string): Promise<BigIntStats | null> {
    try {
      return await fs.lstat(await this.#reach(name), { bigint: true })
    } catch (error) {
      if (isAbsent(error)) return null
      throw error
    }
  }

  async self(): Promise<BigIntStats> {
    return fs.lstat(this.#base === this.real ? this.real : `${this.#base}/.`, { bigint: true })
  }

  /** Opens an existing ordinary file that has no second name; anything else is refused before it is opened. */
  async openFile(name: string, access: 'read' | 'append' | 'change'): Promise<OpenFile> {
    const shown = path.join(this.shown, name)
    const before = await this.lstat(name)
    if (before === null) reject(shown, 'did not exist')
    refuseSpecial(before, shown, this.#settings.clause)
    await this.#settings.reached('checked')
    const handle = await fs
      .open(await this.#reach(name), ACCESS[access] | NO_FOLLOW | NO_BLOCK)
      .catch((error: unknown) => {
        if (codeOf(error) === 'ELOOP' || codeOf(error) === 'ENXIO') this.#moved()
        throw error
      })
    try {
      const stat = await handle.stat({ bigint: true })
      refuseSpecial(stat, shown, this.#settings.clause)
      if (stat.ino !== before.ino || stat.dev !== before.dev) this.#moved()
      await this.#verify()
      return { handle, stat }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Creates a file that was not there; `EEXIST` when one was, be it a link. */
  async createFile(name: string, mode: number): Promise<fs.FileHandle> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW
    const handle = await fs.open(await this.#reach(name), flags, mode)
    try {
      await this.#verify()
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async makeFolder(name: string): Promise<void> {
    await fs.mkdir(await this.#reach(name))
  }

  async rename(name: string, to: Anchor, toName: string): Promise<void> {
    await fs.rename(await this.#reach(name), await to.#reach(toName))
  }

  /** A second name for a file: the one way to give a name that is taken back if somebody else has it. */
  async link(name: string, to: Anchor, toName: string): Promise<void> {
    await fs.link(await this.#reach(name), await to.#reach(toName))
  }

  async unlink(name: string): Promise<void> {
    await fs.unlink(await this.#reach(name))
  }

  /** Removes a folder that is empty; false when it is not, or is gone. */
  async removeEmptyFolder(name: string): Promise<boolean> {
    try {
      await fs.rmdir(await this.#reach(name))
      return true
    } catch (error) {
      if (['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) return false
      throw error
    }
  }

  /** The names in the folder, in the order of the disk, a few at a time. */
  async *names(): AsyncGenerator<string> {
    await this.#verify()
    for await (const entry of await fs.opendir(this.#base, { bufferSize: 256 })) yield entry.name
  }

  /** Makes names that were given and taken in this folder survive a power loss. */
  async sync(): Promise<void> {
    if (this.#handle !== null) return this.#handle.sync()
    if (isWindows) return
    const handle = await fs.open(this.real, constants.O_RDONLY)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close()
  }

  get #base(): string {
    return this.#handle === null ? this.real : `/proc/self/fd/${this.#handle.fd}`
  }

  async #reach(name: string): Promise<string> {
    if (
      name === '' ||
      name === '.' ||
      name === '..' ||
      name.includes('/') ||
      (isWindows && name.includes('\\'))
    ) {
      throw new Error('An anchor was given something that is not one name.')
    }
    await this.#verify()
    return `${this.#base}${path.sep}${name}`
  }

  /** A handle needs no verification; a path is believed only while it leads where it led. */
  async #verify(): Promise<void> {
    if (this.#handle !== null) return
    let real: string
    let stat: BigIntStats
    try {
      real = await fs.realpath(this.real)
      stat = await fs.lstat(this.real, { bigint: true })
    } catch (error) {
      if (codeOf(error) === null) throw error
      this.#moved()
    }
    if (real !== this.real || stat.ino !== this.inode || stat.dev !== this.device) this.#moved()
  }

  #whereabouts(): Promise<string> {
    return this.#handle === null ? fs.realpath(this.real) : fs.readlink(this.#base)
  }

  async #refuseSystemFolder(): Promise<void> {
    if (process.platform !== 'linux' || !SYSTEM_TYPES.has((await fs.statfs(this.#base)).type)) return
    notPermitted(
      this.shown,
      'belongs to the system itself and holds no ordinary files',
      this.#settings.clause,
    )
  }

  #moved(): never {
    const what = 'was replaced by something else while it was being opened'
    notPermitted(this.shown, what, this.#settings.clause, 'See what changes that folder, then retry.')
  }
}

const ACCESS = {
  read: constants.O_RDONLY,
  append: constants.O_RDWR | constants.O_APPEND,
  change: constants.O_RDWR,
}

function refuseLink(stat: BigIntStats, shown: string, clause: Clause): void {
  if (!stat.isSymbolicLink()) return
  const next = 'Grant the folder it leads to instead.'
  notPermitted(shown, 'is a symbolic link, and links inside a granted folder are not followed', clause, next)
}

/** Only an ordinary file with one name has its content read or changed: a second name may lie outside the grant. */
export function refuseSpecial(stat: BigIntStats, shown: string, clause: Clause): void {
  refuseLink(stat, shown, clause)
  if (stat.isDirectory()) reject(shown, 'is a folder, not a file')
  if (!stat.isFile()) notPermitted(shown, 'is a device, pipe or socket, not a file', clause)
  if (stat.nlink > 1n) {
    const next = 'Replace it by a copy, then retry.'
    notPermitted(
      shown,
      'has a second name elsewhere (a hard link), which may lie outside the granted folder',
      clause,
      next,
    )
  }
}
