package deploy

import (
	"os"
	"strings"
	"testing"
)

// Mistakes that the checks of the templates have to find, each planted in the
// text of a template: what becomes what, and a part of what is said of it.
var mistakes = []struct {
	name, path, from, to, says string
	// schemas is whether it takes AWS's schemas to see it.
	schemas bool
}{
	{name: "no such property", from: "      LaunchType: FARGATE", to: "      LaunchKind: FARGATE", says: "LaunchKind", schemas: true},
	{name: "no such property further in", from: "DeploymentCircuitBreaker: {Enable: true, Rollback: true}", to: "DeploymentCircuitBreaker: {Enable: true, RollBack: true}", says: "RollBack", schemas: true},
	{name: "a property missing", from: "DeploymentCircuitBreaker: {Enable: true, Rollback: true}", to: "DeploymentCircuitBreaker: {Enable: true}", says: "'Rollback'", schemas: true},
	{name: "all properties of a kind missing", from: "      KeySchema:\n        - {AttributeName: pk, KeyType: HASH}\n        - {AttributeName: sk, KeyType: RANGE}\n", to: "", says: "KeySchema", schemas: true},
	{name: "not among the values", from: "      BillingMode: PAY_PER_REQUEST", to: "      BillingMode: ON_DEMAND", says: "BillingMode", schemas: true},
	{name: "a parameter that is not among the values", from: "    AllowedValues: [ARM64, X86_64]\n    Default: ARM64", to: "    AllowedValues: [ARM, X86_64]\n    Default: ARM", says: "CpuArchitecture", schemas: true},
	{name: "a text for a number", from: "MessageRetentionPeriod: 345600", to: "MessageRetentionPeriod: four days", says: "MessageRetentionPeriod", schemas: true},
	{name: "too large", from: "MaxValue: 3\n    Default: 2", to: "MaxValue: 1\n    Default: 2", says: "too large"},
	{name: "an object for a list", from: "      Queues: [!Ref Queue]\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          - Sid: TakeEvents", to: "      Queues: !Ref Queue\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          - Sid: TakeEvents", says: "Queues", schemas: true},
	{name: "a parameter's value that the schema does not allow", from: "    AllowedValues: [7, 14, 30, 60, 90, 180, 365, 731]\n    Default: 90", to: "    AllowedValues: [10]\n    Default: 10", says: "RetentionInDays", schemas: true},
	{name: "what AWS sets", from: "      Cluster: !Ref Cluster\n", to: "      Cluster: !Ref Cluster\n      ServiceArn: !Ref Cluster\n", says: "ServiceArn is set by AWS", schemas: true},
	{name: "no such type", from: "Type: AWS::ECS::Cluster", to: "Type: AWS::ECS::Klaster", says: "no resource type AWS::ECS::Klaster", schemas: true},
	{name: "no such attribute", from: "TaskRoleArn: !GetAtt TaskRole.Arn", to: "TaskRoleArn: !GetAtt TaskRole.ARN", says: "no attribute ARN", schemas: true},
	{name: "an attribute of nothing", from: "TaskRoleArn: !GetAtt TaskRole.Arn", to: "TaskRoleArn: !GetAtt TasksRole.Arn", says: "neither a parameter nor a resource TasksRole"},
	{name: "an attribute of a parameter", from: "TaskRoleArn: !GetAtt TaskRole.Arn", to: "TaskRoleArn: !GetAtt Image.Arn", says: "Image has no attributes"},
	{name: "a reference to nothing", from: "Image: !Ref Image", to: "Image: !Ref Picture", says: "neither a parameter nor a resource Picture"},
	{name: "a reference to nothing in a text", from: `"dynamodb:${Table}"`, to: `"dynamodb:${Tabel}"`, says: "neither a parameter nor a resource Tabel"},
	{name: "a reference in the branch that is not taken by default", from: "[HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]\n      OKActions", to: "[HasAlarmTopic, [!Ref AlarmTopic], !Ref AWS::NoValue]\n      OKActions", says: "neither a parameter nor a resource AlarmTopic"},
	{name: "no such pseudo parameter", from: "{Name: AWS_REGION, Value: !Ref AWS::Region}", to: "{Name: AWS_REGION, Value: !Ref AWS::TheRegion}", says: "AWS::TheRegion"},
	{name: "what may not be made", from: "- !GetAtt ElsewhereRule.Arn", to: "- !GetAtt DigestMissed.Arn", says: "DigestMissed, which is not made"},
	{name: "no such condition", from: "    Condition: DigestIsDaily\n    DependsOn", to: "    Condition: DigestIsWeekly\n    DependsOn", says: "no condition DigestIsWeekly"},
	{name: "no such condition in a value", from: "EvaluationPeriods: !If [OnWeekdays, 74, 26]", to: "EvaluationPeriods: !If [OnWorkdays, 74, 26]", says: "no condition OnWorkdays"},
	{name: "a condition that nothing has", from: "EvaluationPeriods: !If [OnWeekdays, 74, 26]", to: "EvaluationPeriods: 26", says: "condition OnWeekdays is not used"},
	{name: "a condition that always holds", from: `HasMembers: !Not [!Equals [!Ref RoleArns, ""]]`, to: `HasMembers: !Not [!Equals [!Ref RoleArns, none]]`, says: "condition HasMembers is tried on one side only"},
	{name: "a parameter that nothing uses", from: "{Name: ACMBOT_LOG_LEVEL, Value: !Ref LogLevel}", to: "{Name: ACMBOT_LOG_LEVEL, Value: info}", says: "parameter LogLevel is not used"},
	{name: "a parameter that is in no group", from: "Parameters: [LogLevel, LogRetentionDays, TracesEndpoint, AlarmTopicArn]", to: "Parameters: [LogLevel, TracesEndpoint, AlarmTopicArn]", says: "LogRetentionDays is in 0 groups"},
	{name: "a parameter that is not there in a group", from: "Parameters: [Command]", to: "Parameters: [Command, Mention]", says: "Mention, which is no parameter"},
	{name: "a default that is not allowed", from: "    AllowedPattern: ^/[a-z0-9_-]{1,31}$\n    Default: /acm", to: "    AllowedPattern: ^/[a-z0-9_-]{1,31}$\n    Default: acm", says: `"acm" does not match`},
	{name: "depends on nothing", from: "DependsOn: DigestsPosted", to: "DependsOn: DigestPosted", says: "depends on DigestPosted"},
	{name: "a mapping without the key", from: "!FindInMap [Sizes, !Ref Size, GoMemory]", to: "!FindInMap [Sizes, !Ref Size, GoMem]", says: "no Sizes.small.GoMem"},
	{name: "no such function", from: "!FindInMap [Sizes, !Ref Size, GoMemory]", to: "!FindInMapping [Sizes, !Ref Size, GoMemory]", says: "Fn::FindInMapping"},
	{name: "a list in a text", from: "Value: !Ref ExternalId", to: "Value: !Sub \"${SubnetIds}\"", says: "is used as a text"},
	{name: "no such attribute of a resource", from: "    DependsOn: DigestsPosted", to: "    DependOn: DigestsPosted", says: "DependOn"},
	{name: "no such policy", from: "    DeletionPolicy: RetainExceptOnCreate\n    UpdateReplacePolicy: Retain\n    Properties:\n      BillingMode", to: "    DeletionPolicy: Keep\n    UpdateReplacePolicy: Retain\n    Properties:\n      BillingMode", says: `"Keep"`},
	{name: "twice", from: "      EnableExecuteCommand: false", to: "      EnableExecuteCommand: false\n      EnableExecuteCommand: true", says: "there twice"},
	{name: "a policy with a misspelt element", from: "              - Sid: WriteLog\n                Effect: Allow\n                Action:", to: "              - Sid: WriteLog\n                Effect: Allow\n                Actions:", says: "Actions"},
	{name: "a policy for everything", from: "                Resource: !GetAtt LogGroup.Arn", to: "                Resource: \"*\"", says: "WriteLog is for all resources"},
	{name: "a policy of all actions", from: "                Action: secretsmanager:GetSecretValue", to: "                Action: secretsmanager:*", says: "ReadSecrets allows secretsmanager:*"},
	{name: "a policy for anybody", from: "        Condition:\n          StringEquals:\n            aws:PrincipalOrgID: !Ref OrganizationId\n", to: "        Sid2: !Ref OrganizationId\n", says: "Sid2"},
	{name: "a policy for anybody, without the organization", from: "        Condition:\n          StringEquals:\n            aws:PrincipalOrgID: !Ref OrganizationId\n", to: "", says: "is for anybody"},
	{name: "a health check that asks for Slack", from: "[CMD, acmbot, health]", to: "[CMD, acmbot, health, --ready]", says: "another one than whether the program runs"},
	{name: "a health check by a shell", from: "[CMD, acmbot, health]", to: "[CMD-SHELL, acmbot health]", says: "asked without a shell"},
	{name: "a health check without the program's time", from: "            Timeout: 10\n", to: "            Timeout: 5\n", says: "Timeout is 5"},
	{name: "a health check that does not wait for the state", from: "            StartPeriod: 300\n", to: "", says: "StartPeriod is <nil>"},
	{name: "no health check", from: "          HealthCheck:\n            Command: [CMD, acmbot, health]\n            Interval: 30\n            Timeout: 10\n            Retries: 3\n            StartPeriod: 300\n", to: "", says: "is not taken back"},
	{name: "no way back", from: "Rollback: true", to: "Rollback: false", says: "is not taken back"},
	{name: "killed while it answers", from: "StopTimeout: 60", to: "StopTimeout: 10", says: "killed after 10 s"},
	{name: "dead letters that die first", from: "MessageRetentionPeriod: 1209600", to: "MessageRetentionPeriod: 86400", says: "dead letters are kept for 86400 s"},
	{name: "a queue that EventBridge cannot encrypt for", from: "      SqsManagedSseEnabled: true\n      MessageRetentionPeriod: 345600", to: "      KmsMasterKeyId: alias/aws/sqs\n      MessageRetentionPeriod: 345600", says: "Queue is not encrypted in a way"},
	{name: "no events of other regions", from: "Principal: {AWS: !Sub \"arn:${AWS::Partition}:iam::${AWS::AccountId}:root\"}", to: "Principal: {AWS: arn:aws:iam::444455556666:root}", says: "this account's other regions"},
	{name: "an alarm that nobody hears", from: "      AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]\n", to: "", says: "nobody hears of the alarm"},
	{name: "a table without a way back", from: "PointInTimeRecoveryEnabled: true", to: "PointInTimeRecoveryEnabled: false", says: "cannot be put back"},
	{name: "a log that goes with the stack", from: "    Type: AWS::Logs::LogGroup\n    DeletionPolicy: RetainExceptOnCreate", to: "    Type: AWS::Logs::LogGroup\n    DeletionPolicy: Delete", says: "LogGroup is lost"},
	{name: "a role for tasks of anybody", from: "            Condition:\n              StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}\n              ArnLike:", to: "            Condition:\n              ArnLike:", says: "lets in tasks of other accounts"},
	{name: "the other templates", path: "cloudformation/member-role.yml", from: "MaxSessionDuration: 3600", to: "MaxSessionLength: 3600", says: "MaxSessionLength", schemas: true},
	{name: "all of the templates", path: "cloudformation/member-events.yml", from: "State: !If [IsElsewhere, ENABLED, DISABLED]", to: "State: !If [IsElsewhere, ON, DISABLED]", says: "State", schemas: true},
}

func TestPlantedMistakesAreFound(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			if m.path == "" {
				m.path = "cloudformation/acmbot.yml"
			}
			text, err := os.ReadFile(m.path)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(string(text), m.from) < 1 {
				t.Fatalf("the template has no %q", m.from)
			}
			var problems []string
			tpl, err := parseTemplate([]byte(strings.Replace(string(text), m.from, m.to, 1)))
			if err != nil {
				problems = []string{err.Error()}
			} else {
				var known schemas
				if m.schemas {
					known = readSchemas(t, types(tpl))
				}
				problems = check(tpl, known, m.path)
			}
			if !strings.Contains(strings.Join(problems, "\n"), m.says) {
				t.Errorf("what is found does not say %q:\n%s", m.says, strings.Join(problems, "\n"))
			}
		})
	}
}
