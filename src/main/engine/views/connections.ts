/** Connections as clients see them: never a secret; who uses one, and who waits for it. */
import { VAULT_CAUSE } from '../../../domain/vault.ts'
import { causesEndedBy } from '../../../domain/connection.ts'
import type { Connection, Slot } from '../../../domain/connection.ts'
import type { Contract } from '../../../domain/contract.ts'
import { openActionFor } from '../../store/actions.ts'
import { waitersOf } from '../../store/waiters.ts'
import type { Waiter } from '../../store/waiters.ts'
import { deployed, listWorkflows } from '../../store/workflows.ts'
import type { AutomationName, ViewSource } from './common.ts'

export interface ConnectionView extends Omit<Connection, 'id'> {
  /** Automations whose contract names it: they stop when it is removed. */
  usedBy: AutomationName[]
  /** Automations that wait until it is put right. */
  waiting: Waiter[]
}

/** A name that contracts use and nothing is connected under. */
export interface WantedConnection {
  name: string
  usedBy: AutomationName[]
  waiting: Waiter[]
}

export function connectionView(
  source: ViewSource,
  { id: _id, ...connection }: Connection,
  slot: Slot | null,
): ConnectionView {
  const names = slot === null ? [connection.name] : [connection.name, slot]
  return {
    ...connection,
    usedBy: usersOf(source, names),
    waiting: waitingFor(source, connection.name, slot),
  }
}

/** `known`: the names and uses that something is connected for. */
export function wantedConnections(source: ViewSource, known: ReadonlySet<string>): WantedConnection[] {
  const named = listWorkflows(source.store).flatMap(workflow =>
    accountsIn(deployed(source.store, workflow).contract),
  )
  return [...new Set(named)]
    .filter(name => !known.has(name))
    .sort()
    .map(name => ({ name, usedBy: usersOf(source, [name]), waiting: waitingFor(source, name, null) }))
}

/** Whoever waits for the vault to be unlocked. */
export function waitingForVault({ store }: ViewSource): Waiter[] {
  const action = openActionFor(store, VAULT_CAUSE)
  return action === undefined ? [] : waitersOf(store, action.id)
}

function usersOf({ store }: ViewSource, names: readonly string[]): AutomationName[] {
  return listWorkflows(store)
    .filter(workflow =>
      accountsIn(deployed(store, workflow).contract).some(account => names.includes(account)),
    )
    .map(workflow => ({ id: workflow.id, name: workflow.name }))
}

function accountsIn({ when, reads, changes }: Contract): string[] {
  const signing = when.flatMap(trigger =>
    trigger.kind === 'webhook' && trigger.connection !== undefined ? [trigger.connection] : [],
  )
  return [...signing, ...reads.accounts, ...changes.flatMap(clause => clause.accounts ?? [])]
}

function waitingFor({ store }: ViewSource, name: string, slot: Slot | null): Waiter[] {
  return causesEndedBy(name, slot).flatMap(cause => {
    const action = openActionFor(store, cause)
    return action === undefined ? [] : waitersOf(store, action.id)
  })
}
