{{- define "acmbot.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "acmbot.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "acmbot.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What every object and every pod of a release is known by. */}}
{{- define "acmbot.selector" -}}
app.kubernetes.io/name: {{ include "acmbot.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The pods that run the bot, and not its test. */}}
{{- define "acmbot.botSelector" -}}
{{ include "acmbot.selector" . }}
app.kubernetes.io/component: bot
{{- end -}}

{{- define "acmbot.labels" -}}
{{ include "acmbot.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | trimSuffix "-" | quote }}
app.kubernetes.io/part-of: acmbot
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "acmbot.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "acmbot.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.create is false: set serviceAccount.name to the account that is there." .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "acmbot.image" -}}
{{- $repository := required "image.repository is not set: acmbot has no public image, so build one (deploy/container says how) and set image.repository to where you pushed it." .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "acmbot.replicas" -}}
{{- if kindIs "invalid" .Values.replicas -}}
{{- if eq .Values.state.kind "dynamodb" }}2{{ else }}1{{ end -}}
{{- else -}}
{{- int .Values.replicas -}}
{{- end -}}
{{- end -}}

{{- define "acmbot.secretName" -}}
{{- default (printf "%s-slack" (include "acmbot.fullname" .)) .Values.slack.existingSecret.name -}}
{{- end -}}

{{/* The tokens as files, which change in a running pod when the secret does; the
program reads them again by itself. Nothing where AWS keeps them. */}}
{{- define "acmbot.slackVolume" -}}
{{- if not .Values.slack.references.botToken -}}
- name: slack
  secret:
    secretName: {{ include "acmbot.secretName" . }}
    # 0440
    defaultMode: 288
    items:
      - key: {{ .Values.slack.existingSecret.botTokenKey }}
        path: bot-token
      - key: {{ .Values.slack.existingSecret.appTokenKey }}
        path: app-token
{{- end -}}
{{- end -}}

{{- define "acmbot.slackMount" -}}
{{- if not .Values.slack.references.botToken -}}
- name: slack
  mountPath: /slack
  readOnly: true
{{- end -}}
{{- end -}}

{{- define "acmbot.claimName" -}}
{{- default (printf "%s-state" (include "acmbot.fullname" .)) .Values.state.volume.existingClaim -}}
{{- end -}}

{{/* Nine tenths of the memory limit, in bytes, or nothing. */}}
{{- define "acmbot.goMemoryLimit" -}}
{{- $limit := toString (dig "limits" "memory" "" (.Values.resources | default dict)) -}}
{{- if $limit -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 -}}
{{- $number := regexFind "^[0-9]+" $limit -}}
{{- $unit := trimPrefix $number $limit -}}
{{- if and $number (hasKey $units $unit) -}}
{{- div (mul (int64 $number) (int64 (get $units $unit)) 9) 10 -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What does not go together, in sentences. */}}
{{- define "acmbot.check" -}}
{{- $replicas := int (include "acmbot.replicas" .) -}}
{{- $kind := .Values.state.kind -}}
{{- if and (gt $replicas 1) (eq $kind "file") -}}
{{- fail (printf "replicas is %d, but the state is in a file, which one copy has at a time: set replicas to 1, or share a DynamoDB table with state.kind=dynamodb and state.table." $replicas) -}}
{{- end -}}
{{- if and (gt $replicas 1) (eq $kind "memory") -}}
{{- fail (printf "replicas is %d, but the state is in memory, which copies do not share: set replicas to 1, or share a DynamoDB table with state.kind=dynamodb and state.table." $replicas) -}}
{{- end -}}
{{- if and .Values.podDisruptionBudget.enabled (gt $replicas 1) (ge (int .Values.podDisruptionBudget.maxUnavailable) $replicas) -}}
{{- fail (printf "podDisruptionBudget.maxUnavailable is %d, of %d copies: nodes could be drained of all of them at once. Set it lower." (int .Values.podDisruptionBudget.maxUnavailable) $replicas) -}}
{{- end -}}
{{- if and (eq $kind "dynamodb") (not .Values.state.table) -}}
{{- fail "state.kind is dynamodb, but state.table is not set: name the table, which deploy/README.md says how to make." -}}
{{- end -}}
{{- if and .Values.state.table (ne $kind "dynamodb") -}}
{{- fail (printf "state.table is set, but state.kind is %s: set state.kind to dynamodb, or remove state.table." $kind) -}}
{{- end -}}
{{- if and .Values.state.volume.existingClaim (ne $kind "file") -}}
{{- fail (printf "state.volume.existingClaim is set, but state.kind is %s: set state.kind to file, or remove the claim." $kind) -}}
{{- end -}}
{{- $ways := 0 -}}
{{- if .Values.slack.existingSecret.name -}}{{- $ways = add1 $ways -}}{{- end -}}
{{- if or .Values.slack.botToken .Values.slack.appToken -}}{{- $ways = add1 $ways -}}
{{- if not (and .Values.slack.botToken .Values.slack.appToken) -}}
{{- fail "only one of slack.botToken and slack.appToken is set: the bot needs both." -}}
{{- end -}}
{{- end -}}
{{- if or .Values.slack.references.botToken .Values.slack.references.appToken -}}{{- $ways = add1 $ways -}}
{{- if not (and .Values.slack.references.botToken .Values.slack.references.appToken) -}}
{{- fail "only one of slack.references.botToken and slack.references.appToken is set: the bot needs both." -}}
{{- end -}}
{{- end -}}
{{- if ne (int $ways) 1 -}}
{{- fail (printf "%s: set slack.existingSecret.name to a secret that holds the two tokens of the Slack app, or slack.references.botToken and appToken to where AWS keeps them, or slack.botToken and appToken." (ternary "the Slack app's tokens are set in several ways" "the Slack app's tokens are not set" (gt (int $ways) 1))) -}}
{{- end -}}
{{- $identity := .Values.aws.identity -}}
{{- if and (eq $identity "irsa") (not .Values.aws.roleArn) -}}
{{- fail "aws.identity is irsa, but aws.roleArn is not set: give the ARN of the role that trusts this service account." -}}
{{- end -}}
{{- if and (eq $identity "irsa") (not .Values.serviceAccount.create) -}}
{{- fail "aws.identity is irsa, but serviceAccount.create is false: the chart can put the role on an account of its own only. Annotate yours with eks.amazonaws.com/role-arn, and set aws.identity to podIdentity here." -}}
{{- end -}}
{{- if and .Values.aws.roleArn (ne $identity "irsa") -}}
{{- fail (printf "aws.roleArn is set, but aws.identity is %s: set aws.identity to irsa, or remove aws.roleArn (an association of EKS Pod Identity names the role by itself)." $identity) -}}
{{- end -}}
{{- if and (eq $identity "secret") (not .Values.aws.existingSecret) -}}
{{- fail "aws.identity is secret, but aws.existingSecret is not set: name a secret with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY." -}}
{{- end -}}
{{- if and .Values.aws.existingSecret (ne $identity "secret") -}}
{{- fail (printf "aws.existingSecret is set, but aws.identity is %s: set aws.identity to secret, or remove it." $identity) -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.service.enabled) -}}
{{- fail "metrics.serviceMonitor.enabled needs metrics.service.enabled: Prometheus finds the pods by the service." -}}
{{- end -}}
{{- range .Values.extraEnv -}}
{{- if hasKey $.Values.settings .name -}}
{{- fail (printf "%s is both in settings and in extraEnv: leave it in one of them." .name) -}}
{{- end -}}
{{- if has .name (list "SLACK_BOT_TOKEN" "SLACK_APP_TOKEN" "ACMBOT_STATE" "ACMBOT_HEALTH_LISTEN" "GOMEMLIMIT") -}}
{{- fail (printf "extraEnv sets %s, which the chart sets itself, from slack, state, port and resources." .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The environment of the bot and of its test. */}}
{{- define "acmbot.env" -}}
{{- /* What extraEnv sets comes before what the chart would by itself. */}}
{{- $extra := list -}}
{{- range .Values.extraEnv -}}{{- $extra = append $extra .name -}}{{- end -}}
- name: SLACK_BOT_TOKEN
  value: {{ .Values.slack.references.botToken | default "file:/slack/bot-token" | quote }}
- name: SLACK_APP_TOKEN
  value: {{ .Values.slack.references.appToken | default "file:/slack/app-token" | quote }}
{{- if and .Values.aws.region (not (has "AWS_REGION" $extra)) }}
- name: AWS_REGION
  value: {{ .Values.aws.region | quote }}
{{- end }}
{{- if eq .Values.aws.identity "secret" }}
{{- range list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ . }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.aws.existingSecret }}
      key: {{ . }}
{{- end }}
- name: AWS_SESSION_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .Values.aws.existingSecret }}
      key: AWS_SESSION_TOKEN
      optional: true
{{- end }}
{{- if and (ne .Values.aws.identity "node") (not (has "AWS_EC2_METADATA_DISABLED" $extra)) }}
{{- /* The SDK else looks for credentials at the node, which has none for it. */}}
- name: AWS_EC2_METADATA_DISABLED
  value: "true"
{{- end }}
{{- if not (or (hasKey .Values.settings "ACMBOT_LOG_FORMAT") (has "ACMBOT_LOG_FORMAT" $extra)) }}
- name: ACMBOT_LOG_FORMAT
  value: json
{{- end }}
{{- range $name, $value := .Values.settings }}
{{- if not (kindIs "invalid" $value) }}
- name: {{ $name }}
  {{- if kindIs "slice" $value }}
  value: {{ join "," $value | quote }}
  {{- else if kindIs "float64" $value }}
  value: {{ int64 $value | quote }}
  {{- else }}
  value: {{ $value | quote }}
  {{- end }}
{{- end }}
{{- end }}
{{- with include "acmbot.goMemoryLimit" . }}
- name: GOMEMLIMIT
  value: {{ . | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Pod and container as the restricted Pod Security Standard wants them. */}}
{{- define "acmbot.podSecurityContext" -}}
runAsNonRoot: true
{{- if not (kindIs "invalid" .Values.runAsUser) }}
runAsUser: {{ int64 .Values.runAsUser }}
runAsGroup: {{ int64 .Values.runAsUser }}
fsGroup: {{ int64 .Values.runAsUser }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "acmbot.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end -}}
