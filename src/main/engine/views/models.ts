/** Which model serves which role, and what people said models cost. */
import { z } from 'zod'
import { MODEL_ROLES } from '../../../domain/model.ts'
import type { ModelRole, Models, ModelPrice } from '../../../domain/model.ts'
import { listPrices } from '../../store/prices.ts'
import type { PriceEntry } from '../../store/prices.ts'
import { preferencesOf } from '../../store/settings.ts'
import { cursorText, pageOf, placeIn } from './common.ts'
import type { Page, PageRequest, ViewSource } from './common.ts'

export interface RoleView {
  role: ModelRole
  /** Null where no model serves it. */
  serving: { connection: string; provider: string; model: string; price: ModelPrice | null } | null
  /** A person chose it; otherwise it is the connection's own or the usual one. */
  isChosen: boolean
}

export function rolesView({ store, models }: ViewSource & { readonly models: Models }): {
  roles: RoleView[]
} {
  const chosen = preferencesOf(store).models
  return {
    roles: MODEL_ROLES.map(role => ({
      role,
      serving: servingView(models, role),
      isChosen: chosen[role] !== null,
    })),
  }
}

function servingView(models: Models, role: ModelRole): RoleView['serving'] {
  const info = models.serving(role)
  if (info === null) return null
  const { connection, provider, model, price = null } = info
  return { connection, provider, model, price }
}

/** By model. */
export function pricesPage({ store }: ViewSource, page: PageRequest): Page<PriceEntry> {
  const [after] = placeIn(page, 'prices', z.string()) ?? []
  return pageOf(
    listPrices(store, page.limit + 1, after),
    page.limit,
    entry => entry,
    entry => cursorText('prices', entry.model),
  )
}
