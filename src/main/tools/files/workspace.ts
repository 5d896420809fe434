/**
 * Workspace: the part of the disk that a contract grants, and the only door to it. Every path is granted by its
 * text as policy judged it, and again by where it really leads when it is opened: the granted folder's own links
 * are the user's choice and are resolved once, below it none is followed.
 * Owns the settings of a tool family (home, kind of anchor, named points). Owns no open files: who finds a place
 * closes it. Does not decide whether a call may happen; that is policy's.
 */
import type { BigIntStats } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Contract } from '../../../domain/contract.ts'
import { Anchor, defaultMode, type AnchorMode, type FilePoint } from './anchor.ts'
import { badName, codeOf, explain, notPermitted, reject, type Clause } from './failures.ts'
import { foldName, newNameProblem, otherSpelling } from './names.ts'
import { namesBelow, resolvePath } from './paths.ts'

export interface FilesOptions {
  /** What `~` stands for. Default: the home folder of whoever runs the core. */
  home?: string
  /** How folders are held. Default: by handles where the system offers it. */
  anchors?: AnchorMode
  /** Called at each named point of an operation; what it throws ends the operation there. */
  reached?: (point: FilePoint) => Promise<void>
  /** Folders that no contract opens, whatever it grants: those in which Steward keeps its own data and keys. */
  closed?: readonly string[]
}

export type Access = 'read' | 'write' | 'delete'

/** Whose grant a path is opened under. */
export interface Grant {
  readonly contract: Contract
  readonly tool: string
  readonly access: Access
  /** Where the path really led when the step was prepared; refused when it leads elsewhere by now. */
  readonly foundAt?: string | undefined
}

const UNOBSERVED = (): Promise<void> => Promise.resolve()

export class Workspace {
  readonly #home: string
  readonly #mode: AnchorMode
  readonly #closed: readonly string[]
  readonly reached: (point: FilePoint) => Promise<void>

  constructor(options: FilesOptions = {}) {
    this.#home = options.home ?? homedir()
    this.#closed = (options.closed ?? []).map(folder => path.resolve(folder))
    this.#mode = options.anchors ?? defaultMode
    this.reached = options.reached ?? UNOBSERVED
  }

  resolve(text: string): string {
    return resolvePath(text, this.#home)
  }

  /** Walks to the folder that holds a path, as far as folders exist. The caller closes what it gets. */
  async find(target: string, grant: Grant): Promise<Place> {
    const clause: Clause = grant.access === 'read' ? 'reads.paths' : 'changes.paths'
    const root = this.rootOf(target, grant)
    if (root === null) {
      notPermitted(
        target,
        'lies outside the folders granted for this',
        clause,
        'Grant its folder in the contract.',
      )
    }
    try {
      const entry = await enter(root, target)
      const forbidden = await realPaths(grant.contract.never.paths.map(text => this.resolve(text)))
      const closed = await realPaths(this.#closed)
      const real = path.join(entry.real, ...entry.names)
      if (grant.foundAt !== undefined && grant.foundAt !== real) ledElsewhere(target, clause)
      refuse(target, { real, access: grant.access, never: closed }, OWN)
      refuse(target, { real, access: grant.access, never: forbidden }, FORBIDDEN)
      const never = [...closed, ...forbidden]
      await this.reached('granted')
      const shown = entry.names.reduce(at => path.dirname(at), target)
      const top = await Anchor.open(entry.real, shown, { mode: this.#mode, clause, reached: this.reached })
      return await Place.walk({ target, real, root, clause, top, names: entry.names, never })
    } catch (error) {
      explain(error, target)
    }
  }

  /** Finds a place, uses it, and lets go of it whatever happens; what the disk refuses becomes a Failure. */
  async at<T>(target: string, grant: Grant, use: (place: Place) => Promise<T>): Promise<T> {
    const place = await this.find(target, grant)
    try {
      return await use(place)
    } catch (error) {
      explain(error, target)
    } finally {
      await place.close()
    }
  }

  /** The innermost granted folder a path lies in; null when none covers it. */
  rootOf(target: string, { contract, tool, access }: Grant): string | null {
    const changeable = contract.changes.filter(clause => access === 'read' || clause.tool === tool)
    const granted = changeable.flatMap(clause => clause.paths ?? [])
    const roots = [...(access === 'read' ? contract.reads.paths : []), ...granted].map(root =>
      this.resolve(root),
    )
    const covering = roots.filter(root => namesBelow(root, target) !== null)
    return covering.reduce<string | null>(
      (best, root) => (root.length > (best ?? '').length ? root : best),
      null,
    )
  }
}

/** Where a granted folder really is: its nearest existing folder, and the names that lead on from there. */
async function enter(root: string, target: string): Promise<{ real: string; names: string[] }> {
  const names = namesBelow(root, target) ?? []
  for (let at = root; ; at = path.dirname(at)) {
    const real = await realPathOf(at)
    if (real !== null && (await stat(real)).isDirectory()) return { real, names }
    if (real !== null && names.length === 0) return { real: path.dirname(real), names: [path.basename(real)] }
    names.unshift(path.basename(at))
    if (at === path.dirname(at)) reject(target, 'did not exist')
  }
}

/** Where paths that may not be touched really are; what does not exist yet is refused under the name it would get. */
async function realPaths(paths: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    paths.map(async text => {
      const { real, names } = await enter(text, text)
      return path.join(real, ...names)
    }),
  )
}

async function realPathOf(text: string): Promise<string | null> {
  try {
    return await realpath(text)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
    throw error
  }
}

export function ledElsewhere(target: string, clause: Clause): never {
  const next = 'See what changes the granted folder, then retry.'
  notPermitted(target, 'lies in a granted folder that led elsewhere a moment ago', clause, next)
}

interface Barred {
  inside: string
  around: string
  next?: string
}

const FORBIDDEN: Barred = {
  inside: 'lies where the contract says nothing may ever be touched',
  around: 'contains something that the contract says may never be touched',
}
const OWN: Barred = {
  inside: 'lies in the folder of Steward’s own data and keys, which no automation may open',
  around: 'contains the folder of Steward’s own data and keys, which no automation may move or take away',
  next: 'Leave that folder out.',
}

/** What takes a folder away takes what is in it; what reads or writes it touches only what the path names. */
function refuse(
  target: string,
  { real, access, never }: { real: string; access: Access; never: readonly string[] },
  { inside, around, next }: Barred,
): void {
  if (never.some(barred => namesBelow(barred, real) !== null))
    notPermitted(target, inside, 'never.paths', next)
  if (access === 'delete' && never.some(barred => namesBelow(real, barred) !== null))
    notPermitted(target, around, 'never.paths', next)
}

/** Names of a path that need no check: the last one, which a source bears already, or all. */
export type Unchecked = 'name' | 'path'

interface Rules {
  /** Whether missing folders on the way are made. */
  parents: boolean
  /** A name that may be taken over, because what bears it is about to go. */
  except?: string
  unchecked?: Unchecked
}

interface Walk {
  readonly target: string
  readonly real: string
  readonly root: string
  readonly clause: Clause
  readonly top: Anchor
  readonly names: readonly string[]
  readonly never: readonly string[]
}

/** One path inside a grant: the folder that holds it, held fast, and its name there. */
export class Place {
  readonly path: string
  /** Where the path really leads, every link resolved. */
  readonly real: string
  /** The granted folder as the contract has it, and where that really is. */
  readonly root: string
  readonly realRoot: string
  readonly clause: Clause
  /** The last name of the path; null for the granted folder itself. */
  readonly leaf: string | null
  readonly #never: readonly string[]
  readonly #trail: Anchor[]
  /** Of the folders on the way below the granted one, and of those that are not there. */
  readonly #names: readonly string[]
  readonly #missing: string[]
  readonly #made: { folder: Anchor; name: string }[] = []

  private constructor(walk: Walk, trail: Anchor[], missing: string[]) {
    this.path = walk.target
    this.real = walk.real
    this.root = walk.root
    this.realRoot = (namesBelow(walk.root, walk.target) ?? []).reduce(at => path.dirname(at), walk.real)
    this.clause = walk.clause
    this.leaf = walk.names.at(-1) ?? null
    this.#never = walk.never
    this.#names = walk.names.slice(0, -1)
    this.#trail = trail
    this.#missing = missing
  }

  static async walk(walk: Walk): Promise<Place> {
    const missing = walk.names.slice(0, -1)
    const place = new Place(walk, [walk.top], missing)
    try {
      for (let name = missing[0]; name !== undefined; name = missing[0]) {
        const next = await place.folder.folder(name)
        if (next === null) break
        place.#trail.push(next)
        missing.shift()
      }
      return place
    } catch (error) {
      await place.close()
      throw error
    }
  }

  /** The deepest folder that exists on the way. */
  get folder(): Anchor {
    return this.#trail.at(-1) ?? this.#closed()
  }

  /** The name below the folder, for whoever needs one: the granted folder itself cannot be replaced or taken away. */
  get name(): string {
    if (this.leaf !== null) return this.leaf
    reject(this.path, 'is the granted folder itself, not something in it')
  }

  /** False when folders on the way to it are missing. */
  get hasFolder(): boolean {
    return this.#missing.length === 0
  }

  /** Whether something of that name below the folder may never be touched. */
  isNever(real: string): boolean {
    return this.#never.some(forbidden => namesBelow(forbidden, real) !== null)
  }

  async stat(): Promise<BigIntStats | null> {
    if (!this.hasFolder) return null
    return this.leaf === null ? this.folder.self() : this.folder.lstat(this.leaf)
  }

  /**
   * What a write to this path would meet: its own file, or nothing. Refuses a name that some disks take for one
   * that is there, and a new name that some systems cannot hold.
   */
  async meet(rules: Rules): Promise<BigIntStats | null> {
    const first = this.#missing[0]
    if (first === undefined) {
      const found = await findExact(this.folder, this.name, rules.except)
      if (found === null && rules.unchecked === undefined) this.#checkName(this.name)
      return found
    }
    if (!rules.parents) {
      const next = 'Create it first, or set parents to true.'
      reject(path.join(this.folder.shown, first), 'did not exist', next)
    }
    if (rules.unchecked !== 'path') this.#missing.forEach(name => this.#checkName(name))
    if (rules.unchecked === undefined) this.#checkName(this.name)
    await findExact(this.folder, first)
    return null
  }

  /** Makes the folders that are missing on the way, each kept through a power loss. */
  async makeFolders(reached: (point: FilePoint) => Promise<void>): Promise<void> {
    for (let name = this.#missing[0]; name !== undefined; name = this.#missing[0]) {
      const folder = this.folder
      try {
        await folder.makeFolder(name)
        this.#made.push({ folder, name })
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error
      }
      await folder.sync()
      await reached('folder-made')
      const next = await folder.folder(name)
      if (next === null) reject(path.join(folder.shown, name), 'was removed while it was being filled')
      this.#trail.push(next)
      this.#missing.shift()
    }
  }

  /** How many folders are missing on the way: those that whoever writes there would make. */
  get missing(): number {
    return this.#missing.length
  }

  /** Takes away again what somebody made for this path: the innermost so many folders, as far as they are empty. */
  async dropFolders(made: number): Promise<void> {
    for (let gone = this.#missing.length; gone < made; gone++) {
      const above = this.#trail.at(-2)
      const name = this.#names[this.#trail.length - 2]
      if (above === undefined || name === undefined || !(await above.removeEmptyFolder(name))) return
      await above.sync()
      await this.#trail.pop()?.close()
      this.#missing.unshift(name)
    }
  }

  /** Takes back folders made for something that then failed. */
  async unmakeFolders(): Promise<void> {
    for (const { folder, name } of this.#made.splice(0).reverse()) {
      if (!(await folder.removeEmptyFolder(name))) return
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#trail.map(anchor => anchor.close()))
  }

  #checkName(name: string): void {
    const problem = newNameProblem(name)
    if (problem !== null) badName(this.path, name, problem)
  }

  #closed(): never {
    throw new Error('A place was used without its folder.')
  }
}

/**
 * The entry of exactly that name. A folder may hold `a.txt` and answer for `A.txt`, so where an answer could stand
 * for another spelling, or a new name is to be given, the names themselves are read.
 */
async function findExact(folder: Anchor, name: string, except?: string): Promise<BigIntStats | null> {
  const found = await folder.lstat(name)
  const spelling = otherSpelling(name)
  if (found !== null && (spelling === null || (await folder.lstat(spelling))?.ino !== found.ino)) return found
  const folded = foldName(name)
  let twin: string | null = null
  for await (const other of folder.names()) {
    if (other === name) return found
    if (other !== except && foldName(other) === folded) twin = other
  }
  if (twin !== null) {
    const what = `differs only in case or Unicode form from ${twin}, which is there already`
    reject(path.join(folder.shown, name), what, 'Choose another name.')
  }
  if (found !== null && except === undefined)
    reject(path.join(folder.shown, name), 'is there under another name')
  return null
}
