/**
 * What a person edits, apart from the commands of R7: names, contracts and schedules, grants, chats, settings. Each is
 * on the disk before it is confirmed (J1), and in the audit log where it says what may be done (P5).
 */
import { isDeepStrictEqual } from 'node:util'
import { causesEndedBy } from '../../domain/connection.ts'
import { fail } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import type { Price } from '../../domain/spending.ts'
import type { ScheduleView } from './views/versions.ts'
import { createChat, retitleChat } from '../store/chats.ts'
import { removeGrant } from '../store/grants.ts'
import type { GrantRow } from '../store/grants.ts'
import { putPrice, removePrice } from '../store/prices.ts'
import type { PriceEntry } from '../store/prices.ts'
import { preferencesOf, putPreferences } from '../store/settings.ts'
import type { Preferences } from '../store/settings.ts'
import type { Tx } from '../store/tx.ts'
import { deployed, renameWorkflow, workflowByName } from '../store/workflows.ts'
import type { Workflow } from '../store/workflows.ts'
import type { EngineContext } from './context.ts'
import type { Installed, InstallRequest } from './install.ts'

export interface ContractEdit {
  contract: Json
  note?: string | undefined
  mapItems?: Readonly<Record<string, string>> | undefined
}

export interface ScheduleEdit {
  when: Json
  catchUp?: ScheduleView['catchUp'] | undefined
  zone?: string | undefined
}

/** What an edit has to be told to. */
export interface EditedEngine {
  install: (request: InstallRequest) => Promise<Installed>
  preferencesChanged: () => void
  cleared: (causeKey: string) => Promise<void>
}

export class Edits {
  readonly #context: EngineContext
  readonly #engine: EditedEngine

  constructor(context: EngineContext, engine: EditedEngine) {
    this.#context = context
    this.#engine = engine
  }

  async rename(workflow: Workflow, name: string): Promise<void> {
    if (name === workflow.name) return
    await this.#write(tx => {
      if (workflowByName(tx, name) !== undefined) {
        fail({
          kind: 'invalid-input',
          path: 'name',
          message: `There is another automation “${name}”. Nothing was changed. Choose another name.`,
        })
      }
      const at = this.#now()
      renameWorkflow(tx, workflow.id, name, at)
      this.#context.store.audit.append(tx, at, {
        kind: 'renamed',
        workflowId: workflow.id,
        runId: null,
        body: { from: workflow.name, to: name },
      })
    })
  }

  /** A new intent version for the deployed script; refused whole where the two do not fit. */
  changeContract(workflow: Workflow, edit: ContractEdit): Promise<Installed> {
    const { script } = deployed(this.#context.store, workflow)
    return this.#engine.install({
      name: workflow.name,
      source: script.source,
      contract: edit.contract,
      note: edit.note ?? 'The contract was changed.',
      ...(edit.mapItems === undefined ? {} : { mapItems: edit.mapItems }),
    })
  }

  /** The same contract, due at other times. */
  changeSchedule(workflow: Workflow, { when, catchUp, zone }: ScheduleEdit): Promise<Installed> {
    const { contract } = deployed(this.#context.store, workflow)
    const edited = {
      ...contract,
      when,
      catchUp: catchUp ?? contract.catchUp,
      zone: zone ?? contract.zone,
    }
    // What is not given is absent in the contract's text, and so it is in its JSON.
    const json = JSON.parse(JSON.stringify(edited)) as Json
    return this.changeContract(workflow, { contract: json, note: 'The schedule was changed.' })
  }

  async revokeGrant(grant: GrantRow): Promise<void> {
    await this.#write(tx => {
      if (!removeGrant(tx, grant.id)) return
      this.#context.store.audit.append(tx, this.#now(), {
        kind: 'revoked',
        workflowId: grant.workflow_id,
        runId: null,
        body: { grant: grant.id, kind: grant.kind, subject: grant.subject },
      })
    })
  }

  createChat(title: string): Promise<string> {
    return this.#write(tx => createChat(this.#context.store, tx, title, this.#now()))
  }

  retitleChat(chatId: string, title: string): Promise<void> {
    return this.#write(tx => {
      retitleChat(tx, chatId, title)
    })
  }

  async changePreferences(preferences: Preferences): Promise<void> {
    const before = preferencesOf(this.#context.store).models
    await this.#write(tx => {
      putPreferences(tx, preferences)
    })
    this.#engine.preferencesChanged()
    // Whoever waited for a model may have one now; who still has none says so anew.
    if (!isDeepStrictEqual(before, preferences.models))
      for (const cause of causesEndedBy('model', null)) await this.#engine.cleared(cause)
  }

  async setPrice(model: string, price: Price): Promise<PriceEntry> {
    const setAt = this.#now()
    await this.#write(tx => {
      putPrice(tx, model, price, setAt)
    })
    return { model, ...price, setAt }
  }

  /** False where none was set. */
  forgetPrice(model: string): Promise<boolean> {
    return this.#write(tx => removePrice(tx, model))
  }

  #write<T>(work: (tx: Tx) => T): Promise<T> {
    return this.#context.store.write(work, { durable: true })
  }

  #now(): number {
    return this.#context.clock.now()
  }
}
