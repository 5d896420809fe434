/** What is to be taken from sentences that the reading of them was not made with; see `held-out.ts`. */
export interface Filling {
  entry: string
  text: string
  /** Exactly these, as their slots take them. */
  takes: Readonly<Record<string, string>>
  /** Parts of what was said that cannot be taken for certain: each is named, and something is asked. */
  asks?: readonly string[]
}

/** What is taken from a sentence, and what has to be asked about. Folders are those of a made-up home. */
export const FILLINGS: readonly Filling[] = [
  { entry: 'downloads-by-type', text: 'sort my downloads in ~/Inbox by type', takes: { folder: '~/Inbox' } },
  {
    entry: 'downloads-by-type',
    text: 'sortiere die Downloads aus ~/Inbox nach Typ',
    takes: { folder: '~/Inbox' },
  },
  { entry: 'downloads-by-type', text: 'sort my downloads by type', takes: { folder: '~/Downloads' } },
  { entry: 'tidy-folder', text: 'tidy the documents in ~/Inbox', takes: { folder: '~/Inbox' } },
  { entry: 'tidy-folder', text: 'tidy ~/Inbox and ~/Downloads', takes: {}, asks: ['~/Inbox', '~/Downloads'] },
  {
    entry: 'tidy-folder',
    text: 'tidy ~/Inbox but not ~/Downloads',
    takes: { folder: '~/Inbox' },
    asks: ['not ~/Downloads'],
  },
  {
    entry: 'tidy-folder',
    text: 'räum ~/Inbox auf, außer den PDFs',
    takes: { folder: '~/Inbox' },
    asks: ['außer den PDFs'],
  },
  {
    entry: 'tidy-folder',
    text: 'tidy ~/Inbox on Saturdays',
    takes: { folder: '~/Inbox' },
    asks: ['Saturdays'],
  },
  { entry: 'find-duplicates', text: 'find duplicate pictures in ~/Inbox', takes: { folder: '~/Inbox' } },
  {
    entry: 'find-duplicates',
    text: 'finde Duplikate ab 2 MB in ~/Inbox',
    takes: { folder: '~/Inbox', smallestKb: '2048' },
  },
  {
    entry: 'find-duplicates',
    text: 'find duplicates in ~/Inbox every year',
    takes: { folder: '~/Inbox' },
    asks: ['every year'],
  },
  {
    entry: 'photos-by-date',
    text: 'sort the photos in ~/Inbox into ~/Pictures by year',
    takes: { folder: '~/Inbox', to: '~/Pictures', by: 'year' },
  },
  {
    entry: 'photos-by-date',
    text: 'sortiere Fotos von ~/Inbox nach ~/Pictures, nach Tag',
    takes: { folder: '~/Inbox', to: '~/Pictures', by: 'day' },
  },
  {
    entry: 'photos-by-date',
    text: 'sort photos from my downloads into ~/Pictures',
    takes: { folder: '~/Downloads', to: '~/Pictures' },
  },
  {
    entry: 'backup-folder',
    text: 'back up ~/Documents to ~/Backups every month',
    takes: { folder: '~/Documents', to: '~/Backups', days: 'monthly' },
  },
  {
    entry: 'backup-folder',
    text: 'back up my documents folder into ~/Backups each week and keep 4 copies',
    takes: { folder: '~/Documents', to: '~/Backups', days: 'weekly', keep: '4' },
  },
  {
    entry: 'backup-folder',
    text: 'back up ~/Documents to ~/Backups on Thursdays',
    takes: { folder: '~/Documents', to: '~/Backups' },
    asks: ['Thursdays'],
  },
  {
    entry: 'backup-folder',
    text: 'back up ~/Documents to ~/Backups every six hours',
    takes: { folder: '~/Documents', to: '~/Backups' },
    asks: ['every six hours'],
  },
  {
    entry: 'backup-folder',
    text: 'back up ~/Documents to ~/Backups at noon and at midnight',
    takes: { folder: '~/Documents', to: '~/Backups' },
    asks: ['noon', 'midnight'],
  },
  {
    entry: 'backup-folder',
    text: 'sichere ~/Documents einmal im Monat nach ~/Backups',
    takes: { folder: '~/Documents', to: '~/Backups', days: 'monthly' },
  },
  {
    entry: 'backup-folder',
    text: 'sichere ~/Documents jeden Abend um 9 nach ~/Backups',
    takes: { folder: '~/Documents', to: '~/Backups', at: '21:00' },
  },
  {
    entry: 'backup-folder',
    text: 'sichere ~/Documents jedes Quartal nach ~/Backups',
    takes: { folder: '~/Documents', to: '~/Backups' },
    asks: ['jedes Quartal'],
  },
  {
    entry: 'backup-folder',
    text: 'back up ~/Documents to ~/Backups except node_modules',
    takes: { folder: '~/Documents', to: '~/Backups', leaveOut: 'node_modules' },
  },
  {
    entry: 'backup-folder',
    text: 'back up ~/Documents to ~/Backups, 2 GB at most',
    takes: { folder: '~/Documents', to: '~/Backups' },
    asks: ['2 GB'],
  },
  {
    entry: 'disk-watch',
    text: 'tell me when ~/Downloads grows beyond 15 GB',
    takes: { folder: '~/Downloads', mostGb: '15' },
  },
  {
    entry: 'disk-watch',
    text: 'tell me when fewer than 8 GB remain on ~/Downloads',
    takes: { folder: '~/Downloads', leastFreeGb: '8' },
  },
  {
    entry: 'disk-watch',
    text: 'warne mich, wenn bei ~/Downloads nur noch 12 GB übrig sind',
    takes: { folder: '~/Downloads', leastFreeGb: '12' },
  },
  {
    entry: 'disk-watch',
    text: 'sag Bescheid, wenn ~/Downloads größer als 500 MB wird',
    takes: { folder: '~/Downloads', mostGb: '0.5' },
  },
  {
    entry: 'disk-watch',
    text: 'warn me when ~/Downloads is 80 percent full',
    takes: { folder: '~/Downloads' },
    asks: ['80 percent'],
  },
  { entry: 'disk-watch', text: '~/Downloads with 40 GB', takes: { folder: '~/Downloads' }, asks: ['40 GB'] },
  {
    entry: 'page-watch',
    text: 'tell me when https://s.example/x climbs above 90 euros',
    takes: { url: 'https://s.example/x', price: '90', side: 'rises' },
  },
  {
    entry: 'page-watch',
    text: 'tell me when https://s.example/x falls to 90 €',
    takes: { url: 'https://s.example/x', price: '90', side: 'falls' },
  },
  {
    entry: 'page-watch',
    text: 'sag Bescheid, wenn https://s.example/x mehr als 1.500 Euro kostet',
    takes: { url: 'https://s.example/x', price: '1500', side: 'rises' },
  },
  {
    entry: 'page-watch',
    text: 'sag Bescheid, wenn https://s.example/x höchstens 15 Euro kostet',
    takes: { url: 'https://s.example/x', price: '15', side: 'falls' },
  },
  {
    entry: 'page-watch',
    text: 'tell me when https://s.example/x is at 90 euros',
    takes: { url: 'https://s.example/x', price: '90' },
    asks: ['side'],
  },
  {
    entry: 'page-watch',
    text: 'tell me when 3 seats on https://s.example/x cost less than $120',
    takes: { url: 'https://s.example/x', price: '120', side: 'falls' },
    asks: ['3'],
  },
  {
    entry: 'page-watch',
    text: 'tell me when https://s.example/x is 15 % off',
    takes: { url: 'https://s.example/x' },
    asks: ['15 %'],
  },
  {
    entry: 'page-watch',
    text: 'watch https://s.example/x or https://s.example/y',
    takes: {},
    asks: ['https://s.example/x', 'https://s.example/y'],
  },
  {
    entry: 'page-watch',
    text: 'look at https://s.example/x every two weeks',
    takes: { url: 'https://s.example/x' },
    asks: ['every two weeks'],
  },
  {
    entry: 'page-watch',
    text: 'watch https://s.example/x every day at noon',
    takes: { url: 'https://s.example/x', everyMinutes: '1440' },
    asks: ['noon'],
  },
  {
    entry: 'page-watch',
    text: 'beobachte https://s.example/x jeden Dienstag',
    takes: { url: 'https://s.example/x' },
    asks: ['Dienstag'],
  },
  {
    entry: 'uptime',
    text: 'check https://a.example every 15 seconds',
    takes: { urls: 'https://a.example' },
    asks: ['every 15 seconds'],
  },
  {
    entry: 'uptime',
    text: 'prüfe https://a.example und https://b.example alle 10 Minuten',
    takes: { urls: 'https://a.example https://b.example', everyMinutes: '10' },
  },
  {
    entry: 'uptime',
    text: 'tell me when https://a.example failed 4 times in a row',
    takes: { urls: 'https://a.example', notifyAfter: '4' },
  },
  {
    entry: 'watch-address',
    text: 'tell me when https://a.example is not reachable',
    takes: { url: 'https://a.example' },
  },
  {
    entry: 'watch-address',
    text: 'sag Bescheid, wenn https://a.example nicht mehr antwortet',
    takes: { url: 'https://a.example' },
  },
  {
    entry: 'watch-address',
    text: 'check that https://a.example answers with status 204',
    takes: { url: 'https://a.example', expectStatus: '204' },
  },
  {
    entry: 'feed-alerts',
    text: 'alert me to posts about bikes without racing from https://a.example/rss',
    takes: { feeds: 'https://a.example/rss', words: 'bikes, -racing' },
  },
  {
    entry: 'feed-alerts',
    text: 'melde Beiträge über Fahrräder, aber nicht Rennräder aus https://a.example/rss',
    takes: { feeds: 'https://a.example/rss', words: 'Fahrräder, -Rennräder' },
  },
  {
    entry: 'feed-alerts',
    text: 'tell me about "grants" in https://a.example/rss at weekends',
    takes: { feeds: 'https://a.example/rss', words: 'grants' },
    asks: ['weekends'],
  },
  {
    entry: 'feed-digest',
    text: 'digest of https://a.example/rss on working days at 6:45',
    takes: { feeds: 'https://a.example/rss', days: 'weekdays', at: '06:45' },
  },
  {
    entry: 'feed-digest',
    text: 'Presseschau aus https://a.example/rss jeden Monat',
    takes: { feeds: 'https://a.example/rss' },
    asks: ['jeden Monat'],
  },
  {
    entry: 'feed-digest',
    text: 'digest of https://a.example/rss every Monday into ~/Documents',
    takes: { feeds: 'https://a.example/rss', days: 'weekly', folder: '~/Documents' },
  },
  {
    entry: 'log-watch',
    text: 'watch ~/app.log for "refused" every 2 minutes',
    takes: { file: '~/app.log', words: 'refused', everyMinutes: '2' },
  },
  {
    entry: 'log-watch',
    text: 'achte in ~/app.log auf Fehler, außer "deprecated"',
    takes: { file: '~/app.log' },
    asks: ['deprecated'],
  },
  {
    entry: 'link-check',
    text: 'check https://a.example for broken links on the first of each month, up to 30 pages',
    takes: { url: 'https://a.example', days: 'monthly', pages: '30' },
  },
  {
    entry: 'link-check',
    text: 'prüfe https://a.example jeden Freitag auf tote Links',
    takes: { url: 'https://a.example' },
    asks: ['Freitag'],
  },
  {
    entry: 'api-report',
    text: 'report of https://api.example/x as json into ~/Documents every Monday at 7',
    takes: {
      url: 'https://api.example/x',
      folder: '~/Documents',
      format: 'json',
      days: 'weekly',
      at: '07:00',
    },
  },
  {
    entry: 'agenda',
    text: 'tell me today’s appointments from https://cal.example/a.ics at 6:30',
    takes: { calendars: 'https://cal.example/a.ics', at: '06:30', day: 'today' },
  },
  {
    entry: 'agenda',
    text: 'schick mir jeden Abend um halb neun die Termine von morgen aus https://cal.example/a.ics',
    takes: { calendars: 'https://cal.example/a.ics', at: '20:30', day: 'tomorrow' },
  },
  {
    entry: 'changelog-watch',
    text: 'tell me about new versions of https://github.com/nodejs/node, but no betas',
    takes: { projects: 'https://github.com/nodejs/node' },
    asks: ['no betas'],
  },
  {
    entry: 'webhook-to-file',
    text: 'write what GitHub posts into ~/Documents as json',
    takes: { folder: '~/Documents', verify: 'hub', format: 'json' },
  },
]
