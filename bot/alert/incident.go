package alert

import (
	"slices"
	"time"

	"github.com/acmbot/acmbot/bot/digest"
	"github.com/acmbot/acmbot/diagnose"
)

// renewedBy is how much later a certificate must end to be another one than
// before.
const renewedBy = time.Hour

// An Incident is one certificate's trouble as a channel knows it.
type Incident struct {
	// Item is the certificate as it was last seen for certain.
	Item digest.Item `json:"item"`
	// Status is what was seen twice; Unknown while nothing was.
	Status Status `json:"status,omitempty"`
	// Since is when the trouble began to count, Over when it was over; zero
	// while it is not.
	Since time.Time `json:"since,omitzero"`
	Over  time.Time `json:"over,omitzero"`
	// Before is the end of the certificate that is to be renewed.
	Before time.Time `json:"before,omitzero"`
	// Mark is the lowest threshold of days that was reached.
	Mark int `json:"mark"`
	// Doubt is what was seen once and has to be seen again.
	Doubt *Doubt `json:"doubt,omitempty"`
	// Silent says that it was there before the channel was told of anything,
	// so that its beginning is not told.
	Silent bool `json:"silent,omitempty"`
	// Told is what the channel was told of it, Thread where: the id of a
	// Thread, empty as long as it was not.
	Told   Told   `json:"told,omitzero"`
	Thread string `json:"thread,omitempty"`
	// Looked is when it was last looked into, Basis what its listing told then.
	Looked time.Time `json:"looked,omitzero"`
	Basis  string    `json:"basis,omitempty"`
}

// A Doubt is what one look has shown.
type Doubt struct {
	Look   int64            `json:"look"`
	At     time.Time        `json:"at"`
	Status Status           `json:"status"`
	Cause  diagnose.CauseID `json:"cause,omitempty"`
}

// Told is what was told of an incident.
type Told struct {
	// Status is the gravest that was told, Unknown for nothing.
	Status Status `json:"status,omitempty"`
	// Cause is the one that was told last, and Causes are all.
	Cause  string             `json:"cause,omitempty"`
	Causes []diagnose.CauseID `json:"causes,omitempty"`
	Mark   int                `json:"mark,omitempty"`
	// Over says that its end was told, after whatever was told before.
	Over bool `json:"over,omitempty"`
}

// Open reports whether the trouble goes on, as far as it was seen twice.
func (i *Incident) Open() bool { return i.Status.Trouble() }

// idle reports whether there is nothing about the incident worth keeping.
func (i *Incident) idle() bool { return i.Doubt == nil && i.Status == Unknown }

// sees takes in what a look shows. Adopt says that what is wrong already is not
// news. Nothing here reads a clock or a store, and nothing is told here.
func (i *Incident) sees(s Sight, look Look, adopt bool) {
	if !s.NotAfter.IsZero() && !i.Item.NotAfter.IsZero() && s.NotAfter.Sub(i.Item.NotAfter) > renewedBy && !s.Status.Trouble() && s.Status != Gone && s.Status != Elsewhere {
		s.Status = Renewed
	}
	if adopt && s.Status == Unknown {
		s.Status = s.Presumed
	}
	if s.Status == Unknown {
		return
	}
	i.Looked, i.Basis = look.At, s.Basis
	if !s.Status.Trouble() {
		i.calm(s, look)
		return
	}
	if adopt && i.Status == Unknown && i.Told.Status == Unknown {
		i.Status, i.Silent, i.Since, i.Doubt = s.Status, true, look.At, nil
		i.take(s)
		i.Told = Told{Status: i.Status, Mark: i.Mark, Cause: i.Item.Title}
		return
	}
	if s.Snoozed {
		i.Doubt = nil
		if i.Open() {
			i.Mark = min(i.Mark, s.mark)
			i.Told.Mark = min(i.Told.Mark, i.Mark)
		}
		return
	}
	if i.Silent && look.At.Sub(i.Since).Abs() <= newsFor && s.news(look.At) {
		i.Silent, i.Told = false, Told{} // it had just begun
	}
	if i.Open() && s.Status.rank() <= i.Status.rank() {
		i.same(s, look)
		return
	}
	if !i.seenTwice(s.Status, "", s, look) {
		i.doubt(s, "", look)
		return
	}
	i.Doubt = nil
	if !i.Open() {
		i.Since, i.Over = look.At, time.Time{}
		if i.Told.Over && s.NotAfter.Sub(i.Before) > renewedBy {
			i.Told.Mark = noMark // it is another one, with thresholds of its own
		}
		i.Mark = noMark
	}
	i.Status = s.Status
	i.take(s)
}

// same takes in that the trouble goes on, perhaps with another cause.
func (i *Incident) same(s Sight, look Look) {
	known := i.Item.Cause
	if s.Cause == "" || known == "" || s.Cause == known {
		i.Doubt = nil
	} else if i.seenTwice(s.Status, s.Cause, s, look) {
		i.Doubt = nil
	} else {
		i.doubt(s, s.Cause, look)
		s.Cause, s.Title, s.Fix, s.Owner, s.Zone = i.Item.Cause, i.Item.Title, i.Item.Fix, i.Item.Owner, i.Item.Zone
	}
	if s.NotAfter.Sub(i.Before) > renewedBy {
		i.Mark, i.Told.Mark = s.mark, s.mark // another one that ends soon, with thresholds of its own
	}
	i.take(s)
}

// calm takes in that there is no trouble.
func (i *Incident) calm(s Sight, look Look) {
	if !i.Open() {
		i.Doubt = nil
		return
	}
	if !i.seenTwice(s.Status, "", s, look) {
		i.doubt(s, "", look)
		return
	}
	i.Status, i.Over, i.Doubt = s.Status, look.At, nil
	if s.Status == Renewed {
		i.Item.NotAfter, i.Item.DaysLeft = s.NotAfter, s.DaysLeft
		i.Mark = noMark
	}
	if s.Status == Renewed || s.Status == Well {
		i.Item.Verdict, i.Item.State = diagnose.VerdictHealthy, s.State
	}
}

// seenTwice reports whether an earlier look, or an event, has shown the same.
func (i *Incident) seenTwice(status Status, cause diagnose.CauseID, s Sight, look Look) bool {
	if confirmed(s.Events, status) && cause == "" {
		return true
	}
	d := i.Doubt
	return d != nil && d.Look < look.N && look.At.Sub(d.At).Abs() >= look.Apart && d.Status == status && (cause == "" || d.Cause == cause)
}

// doubt notes what was seen once. What is seen again too soon counts from when
// it was seen first.
func (i *Incident) doubt(s Sight, cause diagnose.CauseID, look Look) {
	if d := i.Doubt; d != nil && d.Status == s.Status && d.Cause == cause {
		return
	}
	i.Doubt = &Doubt{Look: look.N, At: look.At, Status: s.Status, Cause: cause}
}

// take takes over what is seen. A cause that cannot be told this time leaves
// the one that was.
func (i *Incident) take(s Sight) {
	old := i.Item
	i.Item = s.Item
	if s.Cause == "" && old.Cause != "" {
		i.Item.Cause, i.Item.Title, i.Item.Fix, i.Item.Owner, i.Item.Zone = old.Cause, old.Title, old.Fix, old.Owner, old.Zone
	}
	i.Item.New = false
	i.Before = s.NotAfter
	i.Mark = min(i.Mark, s.mark)
}

// A News is something that happened.
type News string

// The news.
const (
	NewsOpened    News = "opened"
	NewsAgain     News = "again" // it was over, and is not any more
	NewsWorse     News = "worse" // a graver status
	NewsCause     News = "cause"
	NewsThreshold News = "threshold" // few days are left
	NewsProgress  News = "progress"  // of a wave: some are well, or more came
	NewsOver      News = "over"
)

// AllNews are all kinds of news.
func AllNews() []News {
	return []News{NewsOpened, NewsAgain, NewsWorse, NewsCause, NewsThreshold, NewsProgress, NewsOver}
}

// news is what of the incident is not told yet. Nothing is for one that began
// unnoticed and went away without a renewal.
func (i *Incident) news() []News {
	var list []News
	switch {
	case !i.Open() && i.Told.Over, i.Status == Unknown:
		return nil
	case !i.Open() && i.Told.Status == Unknown, !i.Open() && i.Silent && i.Status != Renewed:
		return nil
	case !i.Open():
		return []News{NewsOver}
	case i.Told.Status == Unknown:
		return []News{NewsOpened}
	case i.Told.Over:
		list = append(list, NewsAgain)
	}
	if i.Status.rank() > i.Told.Status.rank() {
		list = append(list, NewsWorse)
	}
	if c := i.Item.Cause; c != "" && !i.Silent && len(i.Told.Causes) > 0 && !slices.Contains(i.Told.Causes, c) {
		list = append(list, NewsCause)
	}
	if i.Mark < i.Told.Mark {
		list = append(list, NewsThreshold)
	}
	return list
}

// told notes that all of it is told.
func (i *Incident) told() {
	t := &i.Told
	if !i.Open() {
		t.Over = true
		return
	}
	t.Over, t.Cause = false, i.Item.Title
	if i.Status.rank() > t.Status.rank() {
		t.Status = i.Status
	}
	if c := i.Item.Cause; c != "" && !slices.Contains(t.Causes, c) {
		t.Causes = append(t.Causes, c)
	}
	t.Mark = i.Mark
	i.Silent = false
}
