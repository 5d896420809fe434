/**
 * What the core does before anything runs: notices that its folder is a copy or an older state (J11), and says so.
 * Owns the folder's epoch. A copy starts paused: what the original did since is not known here.
 */
import fs from 'node:fs'
import path from 'node:path'
import { raiseAction } from '../store/actions.ts'
import { beginReviews } from '../store/copy-reviews.ts'
import { putSetting, setting } from '../store/settings.ts'
import { DATABASE_FILE } from '../store/store.ts'
import type { Store } from '../store/store.ts'
import { listWorkflows, setWorkflowState } from '../store/workflows.ts'

export async function recogniseFolder(store: Store, now: number): Promise<'known' | 'new' | 'copy'> {
  const identity = databaseIdentity(store.folder)
  const known = setting(store, 'database-identity')
  const end = store.audit.againstItsHead()
  const isCopy = known !== undefined && (known !== identity || end === 'behind')
  if (end === 'unknown') await tellHeadIsDamaged(store, now)
  if (!isCopy && known !== undefined) return 'known'
  await store.write(
    tx => {
      putSetting(tx, 'database-identity', identity)
      putSetting(tx, 'epoch', store.ids.next('epo'))
      if (!isCopy) return
      beginReviews(tx, { copiedAt: now, knownUntil: Number(setting(tx, 'last-seen') ?? 0) })
      for (const workflow of listWorkflows(tx)) {
        if (workflow.state === 'active')
          setWorkflowState(tx, workflow.id, 'paused', 'This data folder is a copy.', now)
      }
      raiseAction(store, tx, {
        kind: 'copied-folder',
        causeKey: 'copied-folder',
        workflowId: null,
        runId: null,
        itemId: null,
        stepId: null,
        choices: [
          { id: 'resume', label: 'Go on here', style: 'primary' },
          { id: 'stay', label: 'Stay paused', style: 'plain' },
        ],
        body: {
          cause: 'This data folder is a copy, or an older state was put back.',
          effect:
            'Every automation is paused. What the original did since is not known here: before an automation makes a change that the original may have made, it asks, once for all of them. Go on only where the original does not run any more.',
        },
        expiresAt: null,
        at: now,
      })
      store.audit.append(tx, now, { kind: 'copy-recognised', workflowId: null, runId: null, body: {} })
    },
    { durable: true },
  )
  if (isCopy) await store.audit.adoptHead()
  return isCopy ? 'copy' : 'new'
}

/** A machine that lost its power may leave a file empty; somebody who cut the log would, too. So a person is told (P5). */
async function tellHeadIsDamaged(store: Store, now: number): Promise<void> {
  await store.write(
    tx => {
      store.audit.append(tx, now, { kind: 'head-damaged', workflowId: null, runId: null, body: {} })
      raiseAction(store, tx, {
        kind: 'audit-head-damaged',
        causeKey: 'audit-head-damaged',
        workflowId: null,
        runId: null,
        itemId: null,
        stepId: null,
        choices: [{ id: 'dismiss', label: 'I know', style: 'primary' }],
        body: {
          cause: 'The record of the audit log’s last row, the file audit.head, was damaged.',
          effect:
            'The log’s rows fit together, or verifying it says where not; whether any were cut off its end cannot be told for the time before. The record was made anew. If the power failed, that was the reason. If not, compare the log with a backup.',
        },
        expiresAt: null,
        at: now,
      })
    },
    { durable: true },
  )
  await store.audit.adoptHead()
}

/** A copy of a file is another file, born at another time; a device's number may change from start to start. */
function databaseIdentity(folder: string): string {
  const stat = fs.statSync(path.join(folder, DATABASE_FILE), { bigint: true })
  return `${String(stat.ino)}:${String(stat.birthtimeNs)}`
}
