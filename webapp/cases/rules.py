"""Policy of attachments: an own upload, or one of a case the person may see."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, or_, select

from webapp.files.models import StoredFile
from webapp.organization.models import User
from webapp.organization.policy import visibility, visible
from webapp.workflow.models import ProcessInstance


@visibility(StoredFile)
def visible_files(user: User, statement: Select[Any]) -> Select[Any]:
    cases = visible(user, select(ProcessInstance.id), ProcessInstance)
    return statement.where(or_(StoredFile.uploaded_by_id == user.id, StoredFile.instance_id.in_(cases)))
