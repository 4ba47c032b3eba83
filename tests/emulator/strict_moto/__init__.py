"""moto, held to what AWS documents.

Patches moto's CloudWatch Logs, KMS, CloudTrail, SNS and S3's HeadBucket where they are missing an operation or are
kinder than AWS, and adds a control API to inject faults and to read what was asked.
It never calls AWS and never listens beyond the loopback interface.
"""
