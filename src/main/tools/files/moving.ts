/**
 * Moving: in one step on one disk, by copy and removal across two; and recognised afterwards by the file's
 * identity and content (J4). A file that has both names is a move begun and is finished; a copy whose source is
 * still there and unchanged likewise.
 */
import type { BigIntStats } from 'node:fs'
import type { Reconciled, ToolContext } from '../../../domain/tool.ts'
import { fail } from '../../../domain/failure.ts'
import { refuseSpecial } from './anchor.ts'
import {
  copyOpen,
  isSameFile,
  isUntouched,
  kindOf,
  markFile,
  markOf,
  removeIfThere,
  stopIfAborted,
  temporaryName,
  type Mark,
} from './content.ts'
import { codeOf, reject } from './failures.ts'
import { displayText } from './names.ts'
import { renameToFree, takeFreeName, type Naming } from './naming.ts'
import { holds, putFile, type Put } from './put.ts'
import { afterChange } from './step.ts'
import {
  meetTarget,
  planned,
  planOf,
  Transfers,
  type Ends,
  type MetTarget,
  type Plan,
  type Transfer,
} from './target.ts'
import type { Place, Workspace } from './workspace.ts'

/** Sources up to this size are hashed although they stay on one disk, in case the disk turns out to be two. */
const SMALL = 8 * 1024 * 1024

export interface Moved {
  from: string
  path: string
  overwritten: boolean
}

export class Moving {
  readonly #workspace: Workspace
  readonly #transfers: Transfers

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    this.#transfers = new Transfers(workspace)
  }

  async plan(asked: Transfer, context: ToolContext): Promise<Plan> {
    const transfer = await this.#transfers.settle(asked, context)
    return this.#transfers.both(transfer, context, async ends => {
      return planOf(transfer, ends, await markSource(ends, context.signal), context.signal)
    })
  }

  carryOut(asked: Transfer, plan: Plan, context: ToolContext): Promise<Moved> {
    const transfer = planned(asked, plan)
    return this.#transfers.both(transfer, context, async ends => {
      const { from, to } = ends
      const source = await sourceOf(from)
      const met = await meetTarget(transfer, ends)
      stopIfAborted(context.signal, from.path)
      const naming = { tool: transfer.tool, inode: source.ino, reached: this.#workspace.reached }
      try {
        await to.makeFolders(this.#workspace.reached)
        await rename(
          { ...naming, from: from.folder, name: from.name, to: to.folder, toName: to.name },
          source,
          met,
        )
        await afterChange(transfer.tool, to.path, () => Promise.all([to.folder.sync(), from.folder.sync()]))
      } catch (error) {
        if (codeOf(error) !== 'EXDEV' || !source.isFile()) {
          await to.unmakeFolders()
          throw error
        }
        await this.#moveAcross(transfer.tool, ends, met, context)
      }
      await this.#workspace.reached('placed')
      return { from: from.path, path: to.path, overwritten: met.replaces }
    })
  }

  reconcile(asked: Transfer, plan: Plan, context: ToolContext): Promise<Reconciled<Moved>> {
    const transfer = planned(asked, plan)
    return this.#transfers.both(transfer, context, async ends => {
      const { from, to } = ends
      if (to.hasFolder) await removeIfThere(to.folder, temporaryName(context.stepId))
      const seen = await see(ends, plan, context.signal)
      switch (seen) {
        case 'moved':
        case 'copied':
          return applied(ends, plan)
        case 'both-names':
        case 'copied-not-removed':
          await from.folder.unlink(from.name)
          await from.folder.sync()
          return applied(ends, plan)
        case 'not-moved':
          return { is: 'not-applied' }
        case 'unclear':
          return { is: 'unknown', evidence: await evidenceText(from, to) }
      }
    })
  }

  /** Moves back what is still the same, and puts back what it replaced; one that was interrupted is finished. */
  async undo(done: Moved, transfer: Transfer, plan: Plan | null, context: ToolContext): Promise<void> {
    if (plan === null) reject(done.path, 'cannot be moved back: what it was like was not recorded')
    const { before } = plan
    if (done.overwritten && (before === null || before.kept === null))
      reject(done.path, 'cannot be moved back: the file that it replaced was too large to be kept')
    const back: Transfer = {
      ...transfer,
      from: done.path,
      to: done.from,
      ifExists: 'fail',
      parents: true,
      unchecked: 'path',
    }
    await this.#moveBack(back, plan, context)
    const access = { contract: context.contract, tool: back.tool, access: 'write' } as const
    await this.#workspace.at(back.from, access, place =>
      before === null ? place.dropFolders(plan.made) : this.#putBack(back.tool, place, before, context),
    )
  }

  async #moveBack(back: Transfer, plan: Plan, context: ToolContext): Promise<void> {
    const real = { from: plan.real.to, to: plan.real.from }
    const inverse: Plan = { source: plan.source, to: back.to, before: null, real, made: 0 }
    if ((await this.reconcile(back, inverse, context)).is === 'applied') return
    const source = await this.#transfers.both(back, context, async ends => {
      if (await isStill(plan.source, ends.from, context.signal)) return markSource(ends, context.signal)
      reject(back.from, 'has changed since, or is no longer there, so it was not moved back')
    })
    // On another disk it is another file than it was, so what an interruption left is recognised by this one.
    const again: Plan = { ...inverse, source }
    if ((await this.reconcile(back, again, context)).is === 'applied') return
    await this.carryOut(back, again, context)
  }

  async #putBack(tool: string, place: Place, before: Mark, context: ToolContext): Promise<void> {
    const { hash, bytes, mode } = before
    if (hash !== null && (await holds(place, { hash, bytes }, context.signal))) return
    if ((await place.stat()) !== null) takenMeanwhile(place)
    const kept = Buffer.from(before.kept ?? '', 'base64')
    const frame = this.#frame(tool, place, context)
    await putFile({ ...frame, mode, overwrite: false, write: handle => handle.writeFile(kept) })
  }

  async #moveAcross(tool: string, { from, to }: Ends, met: MetTarget, context: ToolContext): Promise<void> {
    const { handle, stat } = await from.folder.openFile(from.name, 'read')
    const copied = markOf(stat, { hash: null, kept: null })
    try {
      await putFile({
        ...this.#frame(tool, to, context),
        mode: copied.mode,
        overwrite: met.replaces,
        write: async copy => {
          await copyOpen(handle, copy, context.signal)
          if (!isUntouched(copied, await handle.stat({ bigint: true })))
            reject(from.path, 'changed while it was moved')
          await copy.utimes(Number(stat.atimeMs) / 1000, Number(stat.mtimeMs) / 1000)
        },
      })
    } finally {
      await handle.close()
    }
    await this.#removeSource(tool, { from, to }, copied, met)
  }

  async #removeSource(tool: string, { from, to }: Ends, copied: Mark, met: MetTarget): Promise<void> {
    const now = await from.stat()
    if (now !== null && !isUntouched(copied, now)) changedAfterCopy(from, to)
    try {
      if (now !== null) await from.folder.unlink(from.name)
    } catch (error) {
      if (!met.replaces) await afterChange(tool, to.path, () => removeIfThere(to.folder, to.name))
      throw error
    }
    await this.#workspace.reached('source-removed')
    await afterChange(tool, to.path, () => from.folder.sync())
  }

  #frame(
    tool: string,
    place: Place,
    { stepId, signal }: ToolContext,
  ): Omit<Put, 'write' | 'mode' | 'overwrite'> {
    return { tool, place, temporary: temporaryName(stepId), signal, reached: this.#workspace.reached }
  }
}

async function sourceOf(from: Place): Promise<BigIntStats> {
  if (from.leaf === null) reject(from.path, 'is the granted folder itself, not something in it')
  const source = await from.stat()
  if (source === null) reject(from.path, 'did not exist')
  if (!source.isDirectory()) refuseSpecial(source, from.path, from.clause)
  return source
}

async function markSource({ from, to }: Ends, signal: AbortSignal): Promise<Mark> {
  const source = await sourceOf(from)
  const hashed = source.isFile() && (from.folder.device !== to.folder.device || source.size <= SMALL)
  return hashed ? markFile(from.folder, from.name, false, signal) : markOf(source, { hash: null, kept: null })
}

async function rename(naming: Naming, source: { isFile(): boolean }, met: MetTarget): Promise<void> {
  if (met.recased || !source.isFile()) return renameToFree(naming)
  if (!met.replaces) return takeFreeName(naming)
  await naming.from.rename(naming.name, naming.to, naming.toName)
  await naming.reached('renamed')
}

type SeenMove = 'moved' | 'not-moved' | 'both-names' | 'copied' | 'copied-not-removed' | 'unclear'

async function see({ from, to }: Ends, plan: Plan, signal: AbortSignal): Promise<SeenMove> {
  const { source } = plan
  const [old, now] = [await from.stat(), await to.stat()]
  const isHere = old !== null && isSameFile(source, old)
  if (now !== null && isSameFile(source, now)) {
    if (!isHere) return (await isStill(source, to, signal)) ? 'moved' : 'unclear'
    return now.isFile() && now.nlink > 1n ? 'both-names' : seeRecased(to)
  }
  if (now === null || !(await isCopied(plan, to, now, signal))) return isHere ? 'not-moved' : 'unclear'
  return old === null ? 'copied' : seeLeftOver(source, old)
}

/** A source that nobody wrote to since it was copied may go; anything else there is somebody's. */
function seeLeftOver(source: Mark, old: BigIntStats): SeenMove {
  return isUntouched(source, old) ? 'copied-not-removed' : 'unclear'
}

/** Whether the target holds the source's content, and not since before. */
async function isCopied(plan: Plan, to: Place, now: BigIntStats, signal: AbortSignal): Promise<boolean> {
  if (plan.before !== null && isUntouched(plan.before, now)) return false
  return isStill(plan.source, to, signal)
}

/** On a disk that takes both spellings for one name, the name in its list tells which it is. */
async function seeRecased(to: Place): Promise<SeenMove> {
  for await (const name of to.folder.names()) {
    if (name === to.name) return 'moved'
  }
  return 'not-moved'
}

/** Whether what is at a place is the marked thing: by identity and time, or by content. */
async function isStill(mark: Mark, place: Place, signal: AbortSignal): Promise<boolean> {
  const there = await place.stat()
  if (there === null) return false
  if (isUntouched(mark, there)) return true
  return mark.hash !== null && (await holds(place, { hash: mark.hash, bytes: mark.bytes }, signal))
}

function applied({ from, to }: Ends, plan: Plan): Reconciled<Moved> {
  return { is: 'applied', result: { from: from.path, path: to.path, overwritten: plan.before !== null } }
}

async function evidenceText(from: Place, to: Place): Promise<string> {
  const [old, now] = [await from.stat(), await to.stat()]
  const there = (is: boolean): string => (is ? 'is there, but is not the file it was' : 'is gone')
  const target =
    now === null ? 'is not there' : `is a ${kindOf(now)} that is not the one that was to be moved`
  return `The source ${there(old !== null)}; the target ${target}.`
}

function changedAfterCopy(from: Place, to: Place): never {
  const [source, copy] = [displayText(from.path), displayText(to.path)]
  const message = `${source} changed while it was moved to another disk. It was left there; its earlier state is at ${copy}.`
  fail({ kind: 'rejected', message })
}

function takenMeanwhile(place: Place): never {
  const message = `What had been put at ${displayText(place.path)} was moved back. What it had replaced was not restored, because something else is there now.`
  fail({ kind: 'rejected', message })
}
