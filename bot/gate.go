package bot

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/singleflight"

	"github.com/acmbot/acmbot/bot/access"
)

// What Slack tells of people and places is remembered for a while. Events tell
// when a channel is shared, and so do people's where the app subscribes to them;
// without events it takes as long until a change is seen.
const (
	personFor = 5 * time.Minute
	placeFor  = 5 * time.Minute
	groupFor  = time.Minute
	// hiddenFor is how long a conversation is taken for one that the bot cannot
	// see into: an invitation changes that, and people try again at once.
	hiddenFor = 5 * time.Second
	// staleFor is how long what is known still counts where Slack does not
	// answer.
	staleFor = time.Hour
	// gateTimeout bounds one look at a person or a place.
	gateTimeout = 10 * time.Second
	// mostLooks is how often something is looked at that changes meanwhile.
	mostLooks = 3
	// mostKept bounds what is remembered of people and of places.
	mostKept = 5000
)

// A gate finds out about people and places what the policy needs to decide.
type gate struct {
	policy access.Policy
	secret func() string // what account ids are sealed with
	client *slack.Client
	log    *slog.Logger
	now    func() time.Time
	once   singleflight.Group
	life   context.Context // ends looking
	// foreign says that the Web API is not at Slack's own address: it may be a
	// test server that does not know all methods.
	foreign bool

	mu      sync.Mutex
	home    access.Home
	people  map[string]found[access.Person]
	places  map[string]found[access.Place]
	groups  map[string]found[[]string]
	directs map[string]string    // whose the bot's direct messages are, by channel
	looking map[string]bool      // looks under way, by kind and key: whether it has changed since
	warned  map[string]time.Time // scopes that were found missing
	sealed  string               // the secret of the first of the masks
	masks   []access.Mask        // the one in use, and those before it
}

// What the gate looks at.
const (
	aPerson = "person"
	aPlace  = "place"
	aGroup  = "group"
)

// found is something that Slack told.
type found[T any] struct {
	value T
	at    time.Time
}

func newGate(opts Options, client *slack.Client) *gate {
	return &gate{
		life: context.Background(), foreign: !ofSlack(opts.APIURL), policy: opts.policy(), secret: opts.tokens.bot.current, client: client, log: opts.Logger, now: opts.Now,
		people: map[string]found[access.Person]{}, places: map[string]found[access.Place]{}, groups: map[string]found[[]string]{},
		directs: map[string]string{}, looking: map[string]bool{}, warned: map[string]time.Time{},
	}
}

// mostMasks is how many bot tokens back a button can be read.
const mostMasks = 4

// mask takes account ids out of what is shown. It goes with the bot token, which
// all copies of the bot have; one that takes its place makes another mask, and
// what was sealed before can still be read.
func (g *gate) mask() access.Mask {
	secret := g.secret()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.masks) == 0 || secret != g.sealed {
		g.sealed = secret
		g.masks = slices.Insert(g.masks, 0, access.NewMask(secret))
		g.masks = g.masks[:min(len(g.masks), mostMasks)]
	}
	return g.masks[0]
}

// open reads what was sealed.
func (g *gate) open(s string) string {
	if !strings.Contains(s, "~") {
		return s
	}
	g.mask()
	g.mu.Lock()
	masks := slices.Clone(g.masks)
	g.mu.Unlock()
	for _, m := range masks {
		s = m.Open(s)
	}
	return s
}

// policy is who may do what, in one place: also those who may fix.
func (o Options) policy() access.Policy {
	p := o.Access.Policy
	if o.Fix.on() {
		p.Fixers = o.Fix.Users
	}
	p.Admins = o.Admins
	p.Posting = []string{o.Digest.Routing.Default}
	for _, r := range o.Digest.Routing.Routes {
		p.Posting = append(p.Posting, r.Channel)
	}
	if o.Fix.on() {
		p.Posting = append(p.Posting, o.Fix.AuditChannel)
	}
	return p
}

// An unsureError says that Slack did not tell what has to be known.
type unsureError struct {
	scope string // that the app lacks; empty where that is not the cause
	err   error
}

func (e *unsureError) Error() string { return "Slack does not tell who is asking: " + e.err.Error() }
func (e *unsureError) Unwrap() error { return e.err }

func (g *gate) unsure(err error) error {
	e := &unsureError{err: err}
	var slackErr slack.SlackErrorResponse
	if !errors.As(err, &slackErr) || slackErr.Err != "missing_scope" {
		return e
	}
	e.scope = slackErr.Needed
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := g.now(); now.Sub(g.warned[e.scope]) >= staleFor || g.warned[e.scope].IsZero() {
		g.warned[e.scope] = now
		g.log.Error("who may ask cannot be checked, so people are refused: add the scope to the app and install it again", "scope", e.scope)
	}
	return e
}

// errChanging says that something changed as often as it was looked at.
var errChanging = errors.New("it changes while it is looked at")

// learn returns what is remembered under a key, if it is fresh, or finds it out.
// Where Slack does not answer, what was known within the last hour counts, unless
// it has changed since.
func learn[T any](ctx context.Context, g *gate, m map[string]found[T], kind, key string, fresh func(T) time.Duration, find func(context.Context) (T, error)) (T, error) {
	g.mu.Lock()
	kept, ok := m[key]
	g.mu.Unlock()
	if age := g.now().Sub(kept.at); ok && age >= 0 && age < fresh(kept.value) {
		return kept.value, nil
	}
	// Those who wait share one look, which none of them ends for the others.
	look := kind + " " + key
	result := g.once.DoChan(look, func() (any, error) {
		ctx, cancel := context.WithTimeout(g.life, gateTimeout)
		defer cancel()
		for range mostLooks {
			g.mu.Lock()
			g.looking[look] = false
			g.mu.Unlock()
			value, err := find(ctx)
			g.mu.Lock()
			changed := g.looking[look]
			delete(g.looking, look)
			if err == nil && !changed {
				if len(m) >= mostKept {
					clear(m)
				}
				m[key] = found[T]{value, g.now()}
			}
			g.mu.Unlock()
			if err != nil || !changed {
				return value, err
			}
		}
		return nil, errChanging
	})
	var none T
	select {
	case r := <-result:
		if r.Err == nil {
			value, _ := r.Val.(T)
			return value, nil
		}
		g.mu.Lock()
		kept, ok = m[key]
		g.mu.Unlock()
		if code := slackCode(r.Err); code != "missing_scope" && ok && g.now().Sub(kept.at) < staleFor {
			g.log.WarnContext(ctx, "Slack does not tell how somebody or something is; what was known counts", "kind", kind, "id", key, "error", r.Err, "code", code)
			return kept.value, nil
		}
		return none, g.unsure(r.Err)
	case <-ctx.Done():
		return none, g.unsure(ctx.Err())
	}
}

func lasts[T any](d time.Duration) func(T) time.Duration {
	return func(T) time.Duration { return d }
}

// signedIn notes where the app is installed.
func (g *gate) signedIn(self slack.AuthTestResponse) access.Home {
	g.mu.Lock()
	defer g.mu.Unlock()
	if self.TeamID != "" {
		g.home = access.Home{Team: self.TeamID, Enterprise: self.EnterpriseID}
	}
	return g.home
}

// where is where the app is installed.
func (g *gate) where(ctx context.Context) (access.Home, error) {
	if home := g.signedIn(slack.AuthTestResponse{}); home.Team != "" {
		return home, nil
	}
	self, err := g.client.AuthTestContext(ctx)
	if err != nil {
		return access.Home{}, g.unsure(err)
	}
	if self.TeamID == "" && g.foreign {
		self.TeamID = "T0"
	}
	return g.signedIn(*self), nil
}

// person finds out who somebody is. Somebody that Slack does not know has no
// ID. The error is an *unsureError.
func (g *gate) person(ctx context.Context, id string) (access.Person, error) {
	if id == "" {
		return access.Person{}, nil
	}
	who, err := learn(ctx, g, g.people, aPerson, id, lasts[access.Person](personFor), func(ctx context.Context) (access.Person, error) {
		u, err := g.client.GetUserInfoContext(ctx, id)
		if g.lacks("users.info", err, u != nil && u.ID == id) {
			home, err := g.where(ctx)
			return access.Person{ID: id, Team: home.Team}, err
		}
		switch slackCode(err) {
		case "user_not_found", "user_not_visible", "users_not_found":
			return access.Person{}, nil
		}
		if err != nil {
			return access.Person{}, err
		}
		return access.Person{
			ID: u.ID, Team: u.TeamID, Teams: u.Enterprise.Teams, Enterprise: u.Enterprise.EnterpriseID, Guest: u.IsRestricted || u.IsUltraRestricted,
			Stranger: u.IsStranger, Bot: u.IsBot || u.IsWorkflowBot || u.ID == "USLACKBOT", Deactivated: u.Deleted,
			Admin: u.IsAdmin || u.IsOwner || u.IsPrimaryOwner,
		}, nil
	})
	if err != nil || who.ID == "" {
		return who, err
	}
	who.Groups, who.UnsureOf = nil, nil
	for _, group := range g.policy.Groups() {
		members, err := g.members(ctx, group)
		switch {
		case err != nil:
			who.UnsureOf = append(who.UnsureOf, group)
		case slices.Contains(members, id):
			who.Groups = append(who.Groups, group)
		}
	}
	return who, nil
}

// lacks reports whether a server that is not Slack's does not have a method that
// Slack always has. There everybody counts as a member and every channel as the
// workspace's own: nobody else can be told apart.
func (g *gate) lacks(method string, err error, told bool) bool {
	var status slack.StatusCodeError
	missing := err == nil && !told || slackCode(err) == "unknown_method" ||
		errors.As(err, &status) && (status.Code == http.StatusNotFound || status.Code == http.StatusMethodNotAllowed || status.Code == http.StatusNotImplemented)
	if !g.foreign || !missing {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.warned[method].IsZero() {
		g.warned[method] = g.now()
		g.log.Warn("the server at SLACK_API_URL is not Slack and does not know this method: guests and people of other organisations are not told apart", "method", method)
	}
	return true
}

// ofSlack reports whether the Web API is at an address of Slack's own.
func ofSlack(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	return u.Host == "" || belowSlack("."+u.Hostname())
}

// members are the users in a user group.
func (g *gate) members(ctx context.Context, group string) ([]string, error) {
	return learn(ctx, g, g.groups, aGroup, group, lasts[[]string](groupFor), func(ctx context.Context) ([]string, error) {
		return g.client.GetUserGroupMembersContext(ctx, group)
	})
}

// place finds out about a conversation. For a direct message it has to be known
// who may be the other in it. The error is an *unsureError, with which the place
// is one of which nothing is known.
func (g *gate) place(ctx context.Context, id, user string) (access.Place, error) {
	switch {
	case id == "":
		return access.Place{Direct: true}, nil
	case strings.HasPrefix(id, "D"):
		return access.Place{ID: id, Direct: user != "" && g.peer(ctx, id, user) == user}, nil
	}
	where, err := learn(ctx, g, g.places, aPlace, id, func(p access.Place) time.Duration {
		if !p.Known {
			return hiddenFor
		}
		return placeFor
	}, func(ctx context.Context) (access.Place, error) {
		c, err := g.client.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		if g.lacks("conversations.info", err, c != nil && c.ID == id) {
			return access.Place{ID: id, Known: true}, nil
		}
		switch slackCode(err) {
		case "channel_not_found", "method_not_supported_for_channel_type", "no_permission", "access_denied":
			return access.Place{ID: id}, nil
		}
		if err != nil {
			return access.Place{}, err
		}
		return access.Place{ID: id, Known: true, External: c.IsExtShared || c.IsPendingExtShared}, nil
	})
	if err != nil {
		return access.Place{ID: id}, err
	}
	return where, nil
}

// peer is whose the bot's direct message is, where it is one with the user that
// it may be; else "".
func (g *gate) peer(ctx context.Context, channel, user string) string {
	g.mu.Lock()
	whose := g.directs[channel]
	g.mu.Unlock()
	if whose != "" || user == "" {
		return whose
	}
	ctx, cancel := context.WithTimeout(ctx, gateTimeout)
	defer cancel()
	c, _, _, err := g.client.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}})
	if err != nil {
		g.log.DebugContext(ctx, "could not find out whose a direct message is", "error", err, "code", slackCode(err))
		return ""
	}
	g.meet(c.ID, user)
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.directs[channel]
}

// meet notes whose one of the bot's direct messages is.
func (g *gate) meet(channel, user string) {
	if !strings.HasPrefix(channel, "D") || user == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.directs) >= mostKept {
		clear(g.directs)
	}
	g.directs[channel] = user
}

// changed forgets what was known of a person, a channel or a user group; what is
// being found out about it does not count either.
func (g *gate) changed(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.people, id)
	delete(g.places, id)
	delete(g.groups, id)
	for _, kind := range []string{aPerson, aPlace, aGroup} {
		if _, ok := g.looking[kind+" "+id]; ok {
			g.looking[kind+" "+id] = true
		}
	}
}

// A verdict is whether something is allowed, and to whom.
type verdict struct {
	reason access.Reason
	// sees says that account ids may be seen.
	sees bool
	// err is why it could not be found out; an *unsureError.
	err error
}

// may decides who may ask what an envelope asks.
func (g *gate) may(ctx context.Context, from origin) verdict {
	home, err := g.where(ctx)
	if err != nil {
		return verdict{reason: access.Unsure, err: err}
	}
	var group sync.WaitGroup
	var where access.Place
	var placeErr error
	group.Go(func() { where, placeErr = g.place(ctx, from.channel, from.user) })
	who, err := g.person(ctx, from.user)
	group.Wait()
	v := g.judge(home, who, where, from, err)
	if v.reason == access.UnknownPlace && placeErr != nil {
		return verdict{reason: access.Unsure, err: placeErr}
	}
	return v
}

func (g *gate) judge(home access.Home, who access.Person, where access.Place, from origin, err error) verdict {
	if from.shared {
		where.External = true
	}
	if err != nil {
		// Those who are named may ask whoever they are.
		who = access.Person{ID: from.user}
		if r := g.policy.Ask(home, who, where); r != access.Allowed {
			return verdict{reason: access.Unsure, err: err}
		}
	}
	v := verdict{reason: g.policy.Ask(home, who, where), sees: g.policy.Sees(home, who, where)}
	if v.reason == access.Allowed && from.public {
		v.reason, v.sees = g.policy.Post(where), g.policy.Shows(where)
	}
	return v
}

// known is what may decides, as far as that is known without asking Slack.
func (g *gate) known(from origin) (v verdict, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	who, ok := g.people[from.user]
	if !ok || g.home.Team == "" || now.Sub(who.at) >= personFor || len(g.policy.Groups()) > 0 {
		return verdict{}, false
	}
	where := access.Place{ID: from.channel, Direct: from.channel == "" || from.user != "" && g.directs[from.channel] == from.user}
	if !where.Direct {
		kept, ok := g.places[from.channel]
		if !ok || now.Sub(kept.at) >= placeFor || !kept.value.Known {
			return verdict{}, false
		}
		where = kept.value
	}
	return g.judge(g.home, who.value, where, from, nil), true
}

// mayFix decides who may change something.
func (g *gate) mayFix(ctx context.Context, from origin) verdict {
	return g.mayDo(ctx, from, g.policy.Fix)
}

// mayCheckUp decides who may check how the bot is set up.
func (g *gate) mayCheckUp(ctx context.Context, from origin) verdict {
	return g.mayDo(ctx, from, g.policy.CheckUp)
}

func (g *gate) mayDo(ctx context.Context, from origin, decide func(access.Home, access.Person, access.Place) access.Reason) verdict {
	home, err := g.where(ctx)
	if err != nil {
		return verdict{reason: access.Unsure, err: err}
	}
	where, _ := g.place(ctx, from.channel, from.user) // where nothing is known, as little is allowed
	who, err := g.person(ctx, from.user)
	if err != nil {
		if decide(home, access.Person{ID: from.user}, where) == access.Allowed { // by name
			return verdict{}
		}
		return verdict{reason: access.Unsure, err: err}
	}
	v := verdict{reason: decide(home, who, where)}
	if v.reason == access.Unsure && len(who.UnsureOf) > 0 {
		_, v.err = g.members(ctx, who.UnsureOf[0]) // for the cause
	}
	return v
}

// A withheldError says that a place is not told what it was to be told.
type withheldError struct{ reason access.Reason }

func (e *withheldError) Error() string {
	switch e.reason {
	case access.SharedPlace:
		return "withheld: the channel is shared with another organisation, and ACMBOT_ALLOW_CHANNELS does not name it"
	case access.UnknownPlace:
		return "withheld: the bot cannot see who is in the conversation; it is not a member"
	case access.OtherPlace:
		return "withheld: ACMBOT_ALLOW_CHANNELS does not name the channel"
	}
	return "withheld: the person may not ask (" + string(e.reason) + ")"
}

// posting decides whether a conversation may be told something that all in it
// see. The error is a *withheldError, or an *unsureError where that could not
// be found out.
func (g *gate) posting(ctx context.Context, channel string) (sees bool, err error) {
	user := askerOf(ctx).user
	switch {
	case strings.HasPrefix(channel, "U"), strings.HasPrefix(channel, "W"):
		return g.telling(ctx, channel)
	case strings.HasPrefix(channel, "D"):
		if whose := g.peer(ctx, channel, user); whose != "" {
			return g.telling(ctx, whose)
		}
	}
	where, err := g.place(ctx, channel, user)
	switch r := g.policy.Post(where); {
	case r == access.UnknownPlace && err != nil:
		return false, err
	case r != access.Allowed:
		return false, &withheldError{r}
	}
	return g.policy.Shows(where), nil
}

// telling is posting to one person.
func (g *gate) telling(ctx context.Context, user string) (sees bool, err error) {
	v := g.may(ctx, origin{user: user})
	if v.err != nil {
		return false, v.err
	}
	if v.reason != access.Allowed {
		return false, &withheldError{v.reason}
	}
	return v.sees, nil
}

// showing reports whether somebody may see account ids in what nobody else
// sees; without a user, the one on whose behalf something is done.
func (g *gate) showing(ctx context.Context, user, channel string) bool {
	if asker := askerOf(ctx); user == "" {
		user, channel = asker.user, cmp.Or(channel, asker.channel)
	}
	v := g.may(ctx, origin{user: user, channel: channel})
	return v.err == nil && v.reason == access.Allowed && v.sees
}

type askerKey struct{}

// asking is a context for what is done on somebody's behalf.
func asking(ctx context.Context, from origin) context.Context {
	return context.WithValue(ctx, askerKey{}, from)
}

func askerOf(ctx context.Context) origin {
	from, _ := ctx.Value(askerKey{}).(origin)
	return from
}
