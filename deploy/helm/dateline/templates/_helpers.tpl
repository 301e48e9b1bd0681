{{- define "dateline.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "dateline.fullname" -}}
{{- $name := include "dateline.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "dateline.selector" -}}
app.kubernetes.io/name: {{ include "dateline.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "dateline.labels" -}}
{{ include "dateline.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "dateline.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* One table of dateline.toml and its sub-tables; JSON's scalars and lists are TOML's. Argument: list NAME TABLE. */}}
{{- define "dateline.table" -}}
{{- $name := index . 0 -}}
[{{ $name }}]
{{- range $key, $value := index . 1 }}
{{- if not (kindIs "map" $value) }}
{{ $key | toJson }} = {{ $value | toJson }}
{{- end }}
{{- end }}
{{- range $key, $value := index . 1 }}
{{- if kindIs "map" $value }}

{{ include "dateline.table" (list (printf "%s.%s" $name $key) $value) }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "dateline.toml" -}}
{{- range $section, $table := .Values.config }}
{{ include "dateline.table" (list $section $table) }}
{{ end }}
{{- end -}}
