package alert

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/diagnose"
)

const (
	// waveSize is how many certificates that get into trouble at once with one
	// cause are told of as one.
	waveSize = 5
	// flapWindow is how long an incident is remembered after its end: one that
	// comes back within it goes on in its thread.
	flapWindow = 72 * time.Hour
	// mostSingles is how many alerts at once can be taken in.
	mostSingles = 12
	// firstGap is how long after an alert the same incident is not told of
	// again, doubled each time up to mostGap.
	firstGap = time.Hour
	mostGap  = 24 * time.Hour
)

// A Board is what one channel knows and is to be told. It changes as a whole,
// so that what is noted as told and what is to be posted are never at odds.
type Board struct {
	Channel string `json:"channel"`
	// Scope is which certificates are the channel's, in words; Places are the
	// accounts and regions that were read since it is so. What is wrong already
	// where nothing was read before is not news.
	Scope  string           `json:"scope"`
	Places []diagnose.Place `json:"places,omitempty"`
	// Look is the number of the latest look that was taken in.
	Look int64 `json:"look,omitempty"`
	// Incidents are by ARN. A certificate without trouble has none.
	Incidents map[string]*Incident `json:"incidents,omitempty"`
	// Threads are by id.
	Threads map[string]*Thread `json:"threads,omitempty"`
	// Outbox is what is to be posted, in this order within each thread.
	Outbox []Notice `json:"outbox,omitempty"`
}

// A Thread is where the channel is told of one incident, or of a wave.
type Thread struct {
	ID     string    `json:"id"`
	Opened time.Time `json:"opened"`
	// TS is the timestamp of its first message, empty until it is posted.
	TS string `json:"ts,omitempty"`
	// Shown is the Card that the first message shows, as its hash.
	Shown string `json:"shown,omitempty"`
	// Wave is what the certificates of a wave have in common; nil for a single
	// one.
	Wave *Wave `json:"wave,omitempty"`
	// Notices counts what was told in it, Alerts how often it began or began
	// again.
	Notices int `json:"notices"`
	Alerts  int `json:"alerts"`
	// Quiet is until when it is not told that the trouble began again or, of a
	// wave, how it goes on; Gap is how long that was.
	Quiet time.Time     `json:"quiet,omitzero"`
	Gap   time.Duration `json:"gap,omitempty"`
	// Told is what was last told of a wave.
	Told Counts `json:"told,omitzero"`
	Mark int    `json:"mark,omitempty"`
	Over bool   `json:"over,omitempty"`
	// Users are to be named in what comes next, since they watch; Named were in
	// what was posted last.
	Users []string `json:"users,omitempty"`
	Named []string `json:"named,omitempty"`
}

// A Wave is what its certificates have in common.
type Wave struct {
	Cause diagnose.CauseID `json:"cause,omitempty"`
	// Zone is a DNS zone, Account an AWS account; one of them is set, or none.
	Zone    string         `json:"zone,omitempty"`
	Account string         `json:"account,omitempty"`
	Title   string         `json:"title,omitempty"`
	Fix     string         `json:"fix,omitempty"`
	Owner   diagnose.Owner `json:"owner,omitempty"`
}

// Counts are how the certificates of a thread are.
type Counts struct {
	All     int `json:"all"`
	Open    int `json:"open"`
	Failed  int `json:"failed,omitempty"`
	Down    int `json:"down,omitempty"`
	Renewed int `json:"renewed,omitempty"`
	Well    int `json:"well,omitempty"`
	Gone    int `json:"gone,omitempty"` // or another channel's
}

// A Notice is something to be posted, once.
type Notice struct {
	Thread string    `json:"thread"`
	N      int       `json:"n"` // counts those of the thread, from 1, which opens it
	At     time.Time `json:"at"`
	News   []News    `json:"news"`
	// Card is how the thread's certificates were.
	Card Card `json:"card"`
	// Was is the cause that was told before, and Counts of a wave.
	Was    string `json:"was,omitempty"`
	Counts Counts `json:"was_counts,omitzero"`
	// Groups are user groups to mention, Users people.
	Groups []string `json:"groups,omitempty"`
	Users  []string `json:"users,omitempty"`
	// Gap is how long the same is not told again.
	Gap time.Duration `json:"gap,omitempty"`
	// Final says that it is about to be posted, and does not change any more.
	Final bool `json:"final,omitempty"`
}

// A Card is how the certificates of a thread are, as its first message shows it.
type Card struct {
	Status Status      `json:"status,omitempty"` // of a single certificate
	Item   digest.Item `json:"item,omitzero"`
	Since  time.Time   `json:"since,omitzero"`
	Before time.Time   `json:"before,omitzero"`
	Over   time.Time   `json:"over,omitzero"`
	Alerts int         `json:"alerts,omitempty"`
	Wave   *Wave       `json:"wave,omitempty"`
	Counts Counts      `json:"counts,omitzero"`
	// Top are the most urgent of a wave.
	Top []digest.Item `json:"top,omitempty"`
}

// shownTop is how many certificates of a wave its message shows.
const shownTop = 3

// A Look is one look at certificates: a scan of all, or of those that events
// told of.
type Look struct {
	// N counts the looks of all replicas: each is taken in once, and none after
	// a later one.
	N  int64
	At time.Time
	// Apart is how far two looks must be apart to count as two.
	Apart time.Duration
	// Scope is which certificates are the channel's, in words.
	Scope string
	// Read are the accounts and regions that were read as a whole; none where
	// only some certificates were looked at.
	Read   []diagnose.Place
	Sights []Sight
}

// NewBoard is the board of a channel that knows nothing.
func NewBoard(channel string) *Board {
	return &Board{Channel: channel, Incidents: map[string]*Incident{}, Threads: map[string]*Thread{}}
}

// Take takes in a look, and puts into the outbox what there is to tell. It
// reports whether anything has changed. It is pure: the same board and look
// give the same.
func (b *Board) Take(l Look) bool {
	if l.N <= b.Look {
		return false
	}
	before := b.digest()
	if b.Scope != l.Scope && len(l.Read) > 0 {
		b.Scope, b.Places = l.Scope, nil
	}
	b.Look = l.N
	for _, s := range l.Sights {
		place := diagnose.Place{Account: s.Account, Region: s.Region}
		adopt := b.Scope != l.Scope || !slices.Contains(b.Places, place)
		switch {
		case s.news(l.At):
			adopt = false
		case adopt && !slices.Contains(l.Read, place):
			continue // nothing was read there yet: this may have been so for long
		}
		i := b.Incidents[s.ARN]
		if i == nil {
			if !s.Status.Trouble() && (!adopt || !s.Presumed.Trouble()) {
				continue
			}
			i = &Incident{Item: s.Item, Mark: noMark}
			b.Incidents[s.ARN] = i
		}
		i.sees(s, l, adopt)
		if i.idle() {
			delete(b.Incidents, s.ARN)
		}
	}
	for _, p := range l.Read {
		if !slices.Contains(b.Places, p) {
			b.Places = append(b.Places, p)
		}
	}
	b.tell(l)
	b.forget(l.At)
	return b.digest() != before
}

// tell puts what is not told yet into the outbox.
func (b *Board) tell(l Look) {
	seen := map[string]bool{}
	for i := range l.Sights {
		seen[l.Sights[i].ARN] = l.Sights[i].Status != Unknown
	}
	// What could not be read may have changed, so nothing is told of it.
	readable := func(list []*Incident) bool {
		return slices.ContainsFunc(list, func(i *Incident) bool {
			return seen[i.Item.ARN] || slices.Contains(l.Read, diagnose.Place{Account: i.Item.Account, Region: i.Item.Region})
		})
	}
	members := b.members()
	for _, id := range sorted(b.Threads) {
		t := b.Threads[id]
		if t.Wave == nil && readable(members[id]) {
			for _, i := range members[id] {
				b.tellOne(t, i, l.At)
			}
		}
	}
	var fresh []*Incident
	for _, arn := range sorted(b.Incidents) {
		if i := b.Incidents[arn]; i.Thread == "" && len(i.news()) > 0 {
			fresh = append(fresh, i)
		}
	}
	b.open(fresh, l)
	members = b.members()
	for _, id := range sorted(b.Threads) {
		if t := b.Threads[id]; t.Wave != nil && readable(members[id]) {
			b.tellWave(t, members[id], l.At)
		}
	}
}

// open finds threads for incidents that have none: the wave that they belong
// to, or one of their own.
func (b *Board) open(fresh []*Incident, l Look) {
	waves := map[Wave]string{}
	for _, id := range sorted(b.Threads) {
		if t := b.Threads[id]; t.Wave != nil && !t.Over {
			waves[key(t.Wave)] = id
		}
	}
	var keys []Wave
	groups := map[Wave][]*Incident{}
	for _, i := range fresh {
		k := waveOf(i)
		if id, ok := waves[k]; ok && i.Open() {
			i.Thread = id
			continue
		}
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], i)
	}
	n := 0
	thread := func(list ...*Incident) *Thread {
		n++
		t := &Thread{ID: fmt.Sprintf("%x-%d", l.At.UnixMilli(), n), Opened: l.At, Mark: noMark}
		for b.Threads[t.ID] != nil {
			n++
			t.ID = fmt.Sprintf("%x-%d", l.At.UnixMilli(), n)
		}
		b.Threads[t.ID] = t
		for _, i := range list {
			i.Thread = t.ID
		}
		return t
	}
	keys, groups = widen(keys, groups)
	for _, k := range keys {
		list := groups[k]
		if len(list) >= waveSize {
			thread(list...).Wave = k.of(list)
			continue
		}
		for _, i := range list {
			b.tellOne(thread(i), i, l.At)
		}
	}
}

// widen makes waves of what has only its cause in common, where there are too
// many singles otherwise.
func widen(keys []Wave, groups map[Wave][]*Incident) ([]Wave, map[Wave][]*Incident) {
	singles := 0
	by := map[diagnose.CauseID]int{}
	for _, k := range keys {
		if n := len(groups[k]); n < waveSize {
			singles += n
			by[k.Cause] += n
		}
	}
	if singles <= mostSingles {
		return keys, groups
	}
	var list []Wave
	wide := map[Wave][]*Incident{}
	for _, k := range keys {
		to := k
		if len(groups[k]) < waveSize && by[k.Cause] >= waveSize {
			to = Wave{Cause: k.Cause}
		}
		if wide[to] == nil {
			list = append(list, to)
		}
		wide[to] = append(wide[to], groups[k]...)
	}
	return list, wide
}

// of is the wave with what is shown of it.
func (w Wave) of(list []*Incident) *Wave {
	first := list[0].Item
	w.Title, w.Owner, w.Fix = first.Title, first.Owner, first.Fix
	for _, i := range list {
		if i.Item.Fix != w.Fix {
			w.Fix = "" // each has its own record to repair
		}
	}
	return &w
}

// overKey is the cause of a wave of those that are well again, of whose trouble
// the channel was not told.
const overKey = "renewed"

// waveOf is what an incident would have in common with others.
func waveOf(i *Incident) Wave {
	w := Wave{Cause: i.Item.Cause, Zone: i.Item.Zone}
	if !i.Open() {
		return Wave{Cause: overKey}
	}
	if w.Zone == "" {
		w.Account = i.Item.Account
	}
	return w
}

// key is a wave without what is only shown.
func key(w *Wave) Wave { return Wave{Cause: w.Cause, Zone: w.Zone, Account: w.Account} }

// members are the incidents of each thread, what hurts first in front.
func (b *Board) members() map[string][]*Incident {
	list := map[string][]*Incident{}
	for _, arn := range sorted(b.Incidents) {
		if i := b.Incidents[arn]; i.Thread != "" {
			list[i.Thread] = append(list[i.Thread], i)
		}
	}
	for _, l := range list {
		byUrgency(l)
	}
	return list
}

// byUrgency puts the open ones in front, and of those what hurts first.
func byUrgency(list []*Incident) {
	slices.SortStableFunc(list, func(a, b *Incident) int {
		if a.Open() != b.Open() {
			if a.Open() {
				return -1
			}
			return 1
		}
		if c := b.Status.rank()/Expired.rank() - a.Status.rank()/Expired.rank(); c != 0 {
			return c
		}
		if c := a.Item.NotAfter.Compare(b.Item.NotAfter); c != 0 {
			return c
		}
		if c := strings.Compare(a.Item.Domain, b.Item.Domain); c != 0 {
			return c
		}
		return strings.Compare(a.Item.ARN, b.Item.ARN)
	})
}

// tellOne puts what there is to tell of a single incident into the outbox. That
// it began again is told the later, the more often it was told.
func (b *Board) tellOne(t *Thread, i *Incident, at time.Time) {
	news := i.news()
	if len(news) == 0 {
		return
	}
	if news[0] == NewsAgain && t.quiet(at) && !slices.Contains(news, NewsWorse) && !slices.Contains(news, NewsThreshold) {
		return
	}
	n := Notice{News: news, Was: i.Told.Cause}
	if i.Item.Group != "" && i.Open() && (slices.Contains(news, NewsThreshold) || news[0] == NewsOpened && i.Mark < noMark) {
		n.Groups = []string{i.Item.Group}
	}
	if news[0] == NewsOpened || news[0] == NewsAgain || t.Notices == 0 {
		t.begin(at)
		n.Gap = t.Gap
	}
	i.told()
	t.Over = !i.Open()
	b.post(t, []*Incident{i}, n, at)
}

// tellWave puts what there is to tell of a wave into the outbox: its beginning
// and its end, that it got worse or came under another threshold, and how it
// goes on at growing distances.
func (b *Board) tellWave(t *Thread, list []*Incident, at time.Time) {
	now := count(list)
	lowest := noMark
	var groups []string
	for _, i := range list {
		if i.Open() {
			lowest = min(lowest, i.Mark)
		}
	}
	for _, i := range list {
		if i.Open() && i.Item.Group != "" && i.Mark == lowest && lowest < t.Mark && !slices.Contains(groups, i.Item.Group) {
			groups = append(groups, i.Item.Group)
		}
	}
	slices.Sort(groups)
	cause := turned(t.Wave, list)
	worse := now.Down > t.Told.Down && t.Told.Down == 0 || now.Failed > t.Told.Failed && t.Told.Failed == 0
	n := Notice{Counts: t.Told, Groups: groups, Was: t.Wave.Title}
	switch {
	case t.Notices == 0 && now.Open == 0:
		n.News = []News{NewsOver}
	case t.Notices == 0:
		n.News = []News{NewsOpened}
	case now.Open == 0 && t.Over, now == t.Told && lowest >= t.Mark && cause == nil:
		return
	case now.Open == 0:
		n.News = []News{NewsOver}
	default:
		if t.Over {
			n.News = append(n.News, NewsAgain)
		}
		if worse {
			n.News = append(n.News, NewsWorse)
		}
		if lowest < t.Mark {
			n.News = append(n.News, NewsThreshold)
		}
		if !slices.Contains(n.News, NewsWorse) && !slices.Contains(n.News, NewsThreshold) && t.quiet(at) {
			return
		}
		if cause != nil {
			n.News, t.Wave = append(n.News, NewsCause), cause
		}
		if len(n.News) == 0 {
			n.News = []News{NewsProgress}
		}
	}
	if n.News[0] != NewsOver {
		t.begin(at)
		n.Gap = t.Gap
	}
	t.Told, t.Mark, t.Over = now, min(t.Mark, lowest), now.Open == 0
	for _, i := range list {
		i.told()
	}
	b.post(t, list, n, at)
}

// turned is the wave as it is where most of its certificates have got another
// cause; nil where it is as it was.
func turned(w *Wave, list []*Incident) *Wave {
	by := map[diagnose.CauseID][]*Incident{}
	open := 0
	for _, i := range list {
		if i.Open() {
			open++
			by[i.Item.Cause] = append(by[i.Item.Cause], i)
		}
	}
	for cause, list := range by {
		if cause != "" && cause != w.Cause && 2*len(list) > open {
			return Wave{Cause: cause, Zone: w.Zone, Account: w.Account}.of(list)
		}
	}
	return nil
}

// quiet reports whether it is too early for another alert of its kind. What is
// further off than any gap is of a clock that was put back.
func (t *Thread) quiet(at time.Time) bool {
	return at.Before(t.Quiet) && t.Quiet.Sub(at) <= mostGap
}

// begin notes that an alert is made at a time: the next of its kind has to
// wait, longer each time.
func (t *Thread) begin(at time.Time) {
	t.Alerts++
	t.Gap = min(max(2*t.Gap, firstGap), mostGap)
	t.Quiet = at.Add(t.Gap)
}

func (b *Board) post(t *Thread, list []*Incident, n Notice, at time.Time) {
	t.Notices++
	n.Thread, n.N, n.At, n.Card, n.Users = t.ID, t.Notices, at, cardOf(t, list), t.Users
	t.Users = nil
	b.Outbox = append(b.Outbox, n)
}

// count counts how incidents are.
func count(list []*Incident) Counts {
	c := Counts{All: len(list)}
	for _, i := range list {
		switch i.Status {
		case Renewed:
			c.Renewed++
		case Well:
			c.Well++
		case Gone, Elsewhere:
			c.Gone++
		default:
			c.Open++
			if i.Status == Failed {
				c.Failed++
			}
			if i.Status.rank() >= Expired.rank() {
				c.Down++
			}
		}
	}
	return c
}

// cardOf is how the certificates of a thread are.
func cardOf(t *Thread, list []*Incident) Card {
	if t.Wave == nil {
		if len(list) == 0 {
			return Card{}
		}
		i := list[0]
		return Card{Status: i.Status, Item: i.Item, Since: i.Since, Before: i.Before, Over: i.Over, Alerts: t.Alerts}
	}
	c := Card{Wave: t.Wave, Counts: count(list), Since: t.Opened}
	for _, i := range list {
		if i.Over.After(c.Over) {
			c.Over = i.Over
		}
		if len(c.Top) < shownTop && (i.Open() || c.Counts.Open == 0) {
			c.Top = append(c.Top, i.Item)
		}
	}
	if c.Counts.Open > 0 {
		c.Over = time.Time{}
	}
	return c
}

// Card is how the certificates of a thread are; false where it is forgotten.
func (b *Board) Card(thread string) (Card, bool) {
	t := b.Threads[thread]
	list := b.members()[thread]
	if t == nil || len(list) == 0 {
		return Card{}, false
	}
	return cardOf(t, list), true
}

// List are the incidents of a thread, what hurts first in front.
func (b *Board) List(thread string) []*Incident { return b.members()[thread] }

// ThreadAt is the thread whose first message has a timestamp; nil for none.
func (b *Board) ThreadAt(ts string) *Thread {
	for _, t := range b.Threads {
		if t.TS == ts && ts != "" {
			return t
		}
	}
	return nil
}

// forget drops what is over for long enough, or was never told.
func (b *Board) forget(at time.Time) {
	busy := map[string]bool{}
	for _, n := range b.Outbox {
		busy[n.Thread] = true
	}
	latest := map[string]time.Time{}
	for _, i := range b.Incidents {
		if i.Thread == "" {
			continue
		}
		if i.Open() || i.Doubt != nil {
			busy[i.Thread] = true
		}
		if i.Over.After(latest[i.Thread]) {
			latest[i.Thread] = i.Over
		}
	}
	for arn, i := range b.Incidents {
		switch {
		case i.Thread == "" && (i.idle() || i.Status != Unknown && !i.Open()):
			delete(b.Incidents, arn)
		case i.Thread != "" && !busy[i.Thread] && at.Sub(latest[i.Thread]) > flapWindow:
			delete(b.Incidents, arn)
			delete(b.Threads, i.Thread)
		}
	}
}

// digest is the board as one value to compare, without the number of the look.
func (b *Board) digest() string {
	c := *b
	c.Look = 0
	return hash(c)
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Knows reports whether an account and region was read since the channel's
// certificates are what they are.
func (b *Board) Knows(account, region string) bool {
	return slices.Contains(b.Places, diagnose.Place{Account: account, Region: region})
}

// Notice is what waits to be posted as the n-th in a thread; nil where it is
// posted.
func (b *Board) Notice(thread string, n int) *Notice {
	for i := range b.Outbox {
		if o := &b.Outbox[i]; o.Thread == thread && o.N == n {
			return o
		}
	}
	return nil
}

// keepNotice is for how long a notice waits to be posted that a later one in its
// thread makes up for.
const keepNotice = 24 * time.Hour

// Stale reports whether what a notice tells is nobody's news any more: it could
// not be posted for long, and what came later tells it as well, or all is over
// for as long as an incident is remembered.
func (b *Board) Stale(n *Notice, now time.Time) bool {
	later := slices.ContainsFunc(b.Outbox, func(o Notice) bool { return o.Thread == n.Thread && o.N > n.N })
	waits := now.Sub(n.At)
	return waits > keepNotice && later || waits > flapWindow && slices.Contains(n.News, NewsOver)
}

// Late brings a notice up to date that waits for long, where its trouble goes on.
func (n *Notice) Late(now Card, at time.Time) {
	if at.Sub(n.At) > keepNotice && !slices.Contains(n.News, NewsOver) && (now.Status.Trouble() || now.Counts.Open > 0) {
		n.Card = now
	}
}

// Metadata is a notice for machines: what its message carries besides its words.
func (n *Notice) Metadata() map[string]any {
	news := make([]string, len(n.News))
	for i, what := range n.News {
		news[i] = string(what)
	}
	m := map[string]any{"thread": n.Thread, "news": strings.Join(news, " "), "certificates": max(1, n.Card.Counts.All)}
	if n.Card.Wave == nil {
		m["arn"], m["domain"], m["status"], m["cause"] = n.Card.Item.ARN, n.Card.Item.Domain, string(n.Card.Status), string(n.Card.Item.Cause)
	} else {
		m["cause"], m["zone"], m["open"] = string(n.Card.Wave.Cause), n.Card.Wave.Zone, n.Card.Counts.Open
	}
	return m
}
